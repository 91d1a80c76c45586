//! The file of identities: read, compared with what is there, and carried out, each change a verb like any other. Who
//! sends the verbs is the caller's business: a start does it in its own process, `trent admin apply` over the network.

use std::path::{Path, PathBuf};

use server::kms::iam::identities_toml::{Desired, Step, Verbs, plan};

use crate::secret_file;

/// What would have to change for everything to be as a file says.
pub(crate) struct Difference {
    file: PathBuf,
    steps: Vec<Step>,
}

/// Reads the file, and the policies that it names, which are relative to it.
///
/// # Errors
/// A sentence that names the file and what is wrong, or that others may read the secrets in it.
pub(crate) fn read(path: &Path) -> Result<Desired, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the identities in {}: {error}", path.display()))?;
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut policy = |name: &str| {
        let path = beside.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let desired = Desired::parse(&text, &mut policy).map_err(|why| format!("{}, {why}", path.display()))?;
    if desired.has_secrets() {
        secret_file::refuse_open(path)?;
    }
    Ok(desired)
}

impl Difference {
    /// Compares the file with what `verbs` finds; `own` is the account that the file means where it names none.
    ///
    /// # Errors
    /// A sentence, if what is there cannot be read.
    pub(crate) async fn find(file: &Path, desired: &Desired, own: &str, verbs: &impl Verbs) -> Result<Self, String> {
        let steps = plan(desired, own, verbs).await.map_err(|why| format!("{}: {why}", file.display()))?;
        Ok(Difference { file: file.to_owned(), steps })
    }

    /// Whether everything is as the file says.
    pub(crate) fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// A line for each change.
    pub(crate) fn lines(&self) -> String {
        self.steps.iter().map(|step| format!("{step}\n")).collect()
    }

    /// Makes all changes, in their order.
    ///
    /// # Errors
    /// A sentence about the first that was refused; those before it are made.
    pub(crate) async fn carry_out(&self, verbs: &impl Verbs) -> Result<(), String> {
        for (done, step) in self.steps.iter().enumerate() {
            verbs.ask(&step.account, step.verb, step.body.expose()).await.map_err(|refused| {
                format!(
                    "{}: `{step}` was refused: {} ({}); of {} changes {done} are made, and a second run makes the rest",
                    self.file.display(),
                    refused.message,
                    refused.name,
                    self.steps.len()
                )
            })?;
        }
        Ok(())
    }

    /// How it ended, in a sentence.
    pub(crate) fn done(&self) -> String {
        match self.steps.len() {
            0 => format!("everything is as {} says", self.file.display()),
            1 => format!("1 change was made, and everything is as {} says", self.file.display()),
            number => format!("{number} changes were made, and everything is as {} says", self.file.display()),
        }
    }
}
