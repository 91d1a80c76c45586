//! What the rows are called: parts joined by a zero byte, which no part contains, so that ranges nest and order holds.
//! What stands in them is in `record`.

/// `y ␀ account ␀ id`: an account.
pub fn account(account: &str) -> Vec<u8> {
    row(&["y", "account", account])
}

/// The beginning that all accounts' rows share.
pub fn accounts() -> Vec<u8> {
    row(&["y", "account", ""])
}

/// `i ␀ account ␀ u ␀ name`: a user. Names differ by more than their case, so the row has the name in lower case.
pub fn user(account: &str, name: &str) -> Vec<u8> {
    row(&["i", account, "u", &name.to_ascii_lowercase()])
}

/// The beginning that the rows of all users of an account share.
pub fn users(account: &str) -> Vec<u8> {
    row(&["i", account, "u", ""])
}

/// `i ␀ account ␀ r ␀ name`: a role, its name in lower case as a user's.
pub fn role(account: &str, name: &str) -> Vec<u8> {
    row(&["i", account, "r", &name.to_ascii_lowercase()])
}

/// The beginning that the rows of all roles of an account share.
pub fn roles(account: &str) -> Vec<u8> {
    row(&["i", account, "r", ""])
}

/// `ii ␀ account ␀ unique id`: whose id this is, or was. Such a row is never deleted, so no id is given twice.
pub fn by_id(account: &str, id: &str) -> Vec<u8> {
    row(&["ii", account, id])
}

/// `ii ␀ key ␀ access key id`: that this id was given to an access key once. Never deleted either.
pub fn given_access_key(id: &str) -> Vec<u8> {
    row(&["ii", "key", id])
}

/// `ia ␀ access key id`: an access key. Neither account nor owner is part of it: a request names only the id.
pub fn access_key(id: &str) -> Vec<u8> {
    row(&["ia", id])
}

/// The last part of a row's name; `None` if that is not text.
pub fn last_part(row: &[u8]) -> Option<&str> {
    std::str::from_utf8(row.rsplit(|byte| *byte == 0).next()?).ok()
}

fn row(parts: &[&str]) -> Vec<u8> {
    debug_assert!(parts.iter().all(|part| !part.contains('\0')), "no part of a row's name may contain a zero byte");
    parts.join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_called_what_stores_have_called_them_from_the_first_day_on() {
        let cases = [
            (account("111122223333"), "y|account|111122223333"),
            (user("111122223333", "Ann"), "i|111122223333|u|ann"),
            (role("111122223333", "Ops"), "i|111122223333|r|ops"),
            (by_id("111122223333", "AIDAX"), "ii|111122223333|AIDAX"),
            (given_access_key("AKIAX"), "ii|key|AKIAX"),
            (access_key("AKIAX"), "ia|AKIAX"),
            (accounts(), "y|account|"),
        ];
        for (row, name) in cases {
            assert_eq!(row, name.replace('|', "\0").into_bytes(), "{name}");
        }
    }

    #[test]
    fn a_row_begins_as_all_rows_of_its_kind_and_no_other() {
        let a = "111122223333";
        let rows = [(account(a), accounts()), (user(a, "x"), users(a)), (role(a, "x"), roles(a))];
        for (row, _) in &rows {
            assert_eq!(rows.iter().filter(|(_, prefix)| row.starts_with(prefix)).count(), 1, "{}", row.escape_ascii());
        }
        assert_eq!(last_part(&user(a, "Ann")), Some("ann"));
    }
}
