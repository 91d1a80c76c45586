//! The credentials that `trent serve` writes at its first start, in AWS's shared-credentials format, read from their
//! one profile. Nothing else of that format is understood.

use std::collections::HashMap;
use std::path::Path;

use crypto::{SecretBytes, SigningKey};

/// Who signs.
pub struct Credentials {
    /// For instance `AKIAIOSFODNN7EXAMPLE`.
    pub access_key_id: String,
    /// The Region of every scope.
    pub region: String,
    secret: SecretBytes,
}

impl Credentials {
    /// Reads the file.
    ///
    /// # Errors
    /// A sentence that names what is missing.
    pub fn read(path: &Path) -> Result<Credentials, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let pairs: HashMap<_, _> = pairs.map(|(name, value)| (name.trim(), value.trim())).collect();
        let value = |name| pairs.get(name).ok_or_else(|| format!("{} has no {name}", path.display()));
        Ok(Credentials {
            access_key_id: (*value("aws_access_key_id")?).to_owned(),
            region: (*value("region")?).to_owned(),
            secret: value("aws_secret_access_key")?.as_bytes().to_vec().into(),
        })
    }

    /// The key that signs on this day, written `YYYYMMDD`.
    pub fn signing_key(&self, day: &str) -> SigningKey {
        SigningKey::derive(&self.secret, day, &self.region, SERVICE)
    }

    /// `access key id/day/region/kms/aws4_request`.
    pub fn credential(&self, day: &str) -> String {
        format!("{}/{day}/{}/{SERVICE}/aws4_request", self.access_key_id, self.region)
    }
}

const SERVICE: &str = "kms";
