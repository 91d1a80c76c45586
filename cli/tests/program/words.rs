//! The texts that are asked for, whole: they are part of what people read, so a change shows in a diff.

use crate::harness::Place;

#[test]
fn help_reads_as_it_was_written() {
    let place = Place::new();
    for (words, expected) in [
        (&["--help"][..], include_str!("help.txt")),
        (&["serve", "--help"], include_str!("help-serve.txt")),
        (&["dev", "--help"], include_str!("help-dev.txt")),
        (&["admin", "--help"], include_str!("help-admin.txt")),
        (&["admin", "create-user", "--help"], include_str!("help-create-user.txt")),
        (&["admin", "create-access-key", "-h"], include_str!("help-create-access-key.txt")),
        (&["admin", "apply", "-h"], include_str!("help-apply.txt")),
        (&["admin", "recover", "--help"], include_str!("help-recover.txt")),
        (&["explain", "--help"], include_str!("help-explain.txt")),
    ] {
        let ended = place.ended(&mut place.command(words));
        assert_eq!(ended.code, Some(0));
        assert_eq!(ended.stderr, "");
        let shown = ended.stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
        assert!(
            shown == expected,
            "`trent {}` now prints the following; if it reads well, put it in cli/tests/program/:\n{shown}",
            words.join(" ")
        );
    }
}

#[test]
fn the_version_is_the_packages() {
    let place = Place::new();
    let ended = place.ended(&mut place.command(&["--version"]));
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("trent {}\n", env!("CARGO_PKG_VERSION"))));
}
