//! What must a request cost at least? A bare hyper server that reads the request, checks its signature, reads the JSON,
//! does what the operation is about and writes the answer. It has one key, in memory, and neither policies, states,
//! store, limits, log nor audit: what Trent costs above it is what those cost, and what is done clumsily.
//!
//! The texts of SigV4 and of JSON are read here by the shortest way, not by `wire`, so that this floor lies below
//! `wire`'s too. What is sealed is sealed by `crypto`, as Trent does it.

mod credentials;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Parser;
use crypto::blob::{self, Blob, Place, Sealer};
use crypto::{Material, Random, SecretBytes, SigningKey, SystemRandom};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderValue, PRAGMA};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use credentials::Credentials;

/// A bare server for Encrypt, Decrypt, DescribeKey and GenerateDataKey, to measure Trent against.
#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Whose signatures are right
    #[arg(long)]
    credentials: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let floor = Arc::new(Floor::new(Credentials::read(&options.credentials)?));
    let listener = TcpListener::bind(options.listen).await?;
    println!("floor: listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        tokio::spawn(async move {
            let service = service_fn(|request| floor.respond(request));
            // A connection that breaks is the client's.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Why a request is not answered.
struct Refused;

struct Floor {
    credentials: Credentials,
    signing_keys: RwLock<HashMap<String, Arc<SigningKey>>>,
    material: Material,
    sealer: Sealer,
    key_arn: String,
    metadata: Vec<u8>,
}

impl Floor {
    fn new(credentials: Credentials) -> Floor {
        let key_arn = format!("arn:aws:kms:{}:{ACCOUNT}:key/{KEY_ID}", credentials.region);
        Floor {
            signing_keys: RwLock::default(),
            material: Material::symmetric(&SystemRandom),
            sealer: Sealer::new(&SystemRandom),
            metadata: metadata(&key_arn),
            key_arn,
            credentials,
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let answer = match body.collect().await {
            Ok(body) => self.answer(&parts.headers, &body.to_bytes()),
            Err(_) => Err(Refused),
        };
        let mut response = Response::new(Full::default());
        match answer {
            Ok(answer) => *response.body_mut() = answer.into(),
            Err(Refused) => *response.status_mut() = StatusCode::BAD_REQUEST,
        }
        dress(response.headers_mut());
        Ok(response)
    }

    fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Refused> {
        self.verify(headers, body)?;
        match text(headers, "x-amz-target")? {
            "TrentService.Encrypt" => self.encrypt(body),
            "TrentService.Decrypt" => self.decrypt(body),
            "TrentService.GenerateDataKey" => self.generate_data_key(body),
            "TrentService.DescribeKey" => self.describe_key(body),
            _ => Err(Refused),
        }
    }

    /// The signature, as "Create a signed AWS API request" (IAM User Guide) has it, of a POST to `/` without a query.
    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let authorization = text(headers, AUTHORIZATION.as_str())?.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(Refused)?;
        let (mut credential, mut signed_headers, mut signature) = ("", "", "");
        for part in authorization.split(", ") {
            match part.split_once('=').ok_or(Refused)? {
                ("Credential", value) => credential = value,
                ("SignedHeaders", value) => signed_headers = value,
                ("Signature", value) => signature = value,
                _ => return Err(Refused),
            }
        }
        let date = text(headers, "x-amz-date")?;
        let signed_at = wire::sigv4::parse_amz_date(date).ok_or(Refused)?;
        let now = SystemTime::UNIX_EPOCH.elapsed().map_err(|_| Refused)?.as_millis() as i64;
        if now.abs_diff(signed_at) > SKEW_MS {
            return Err(Refused);
        }

        let mut canonical = String::with_capacity(512);
        canonical.push_str("POST\n/\n\n");
        for name in signed_headers.split(';') {
            canonical.extend([name, ":", text(headers, name)?, "\n"]);
        }
        canonical.extend(["\n", signed_headers, "\n"]);
        push_hash(&mut canonical, body);
        let (_, scope) = credential.split_once('/').ok_or(Refused)?;
        let mut to_sign = String::with_capacity(256);
        to_sign.extend(["AWS4-HMAC-SHA256\n", date, "\n", scope, "\n"]);
        push_hash(&mut to_sign, canonical.as_bytes());
        if self.signing_key(credential)?.verify(&to_sign, signature) { Ok(()) } else { Err(Refused) }
    }

    fn signing_key(&self, credential: &str) -> Result<Arc<SigningKey>, Refused> {
        if let Some(key) = self.signing_keys.read().unwrap_or_else(PoisonError::into_inner).get(credential) {
            return Ok(Arc::clone(key));
        }
        let day = credential.split('/').nth(1).ok_or(Refused)?;
        if credential != self.credentials.credential(day) {
            return Err(Refused);
        }
        let key = Arc::new(self.credentials.signing_key(day));
        let mut keys = self.signing_keys.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(keys.entry(credential.to_owned()).or_insert(key)))
    }

    fn encrypt(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let request: EncryptRequest = read(body)?;
        is_ours(&request.key_id)?;
        let plaintext = SecretBytes::from(BASE64_STANDARD.decode(&*request.plaintext).map_err(|_| Refused)?);
        Ok(write(&EncryptResponse {
            ciphertext_blob: self.seal(plaintext.expose(), &request.encryption_context),
            encryption_algorithm: SYMMETRIC_DEFAULT,
            key_id: &self.key_arn,
        }))
    }

    fn decrypt(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let request: DecryptRequest = read(body)?;
        let bytes = BASE64_STANDARD.decode(&*request.ciphertext_blob).map_err(|_| Refused)?;
        let blob = Blob::parse(&bytes).map_err(|_| Refused)?;
        let plaintext = blob::open(&self.material, &blob, &request.encryption_context).map_err(|_| Refused)?;
        Ok(write(&DecryptResponse {
            encryption_algorithm: SYMMETRIC_DEFAULT,
            key_id: &self.key_arn,
            key_material_id: hex::encode(blob.material_id()),
            key_origin: "AWS_KMS",
            plaintext: BASE64_STANDARD.encode(plaintext.expose()),
        }))
    }

    fn generate_data_key(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let request: GenerateDataKeyRequest = read(body)?;
        is_ours(&request.key_id)?;
        let data_key = SecretBytes::random(32, &SystemRandom);
        Ok(write(&GenerateDataKeyResponse {
            ciphertext_blob: self.seal(data_key.expose(), &request.encryption_context),
            key_id: &self.key_arn,
            key_material_id: hex::encode(MATERIAL_ID),
            plaintext: BASE64_STANDARD.encode(data_key.expose()),
        }))
    }

    fn describe_key(&self, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let request: DescribeKeyRequest = read(body)?;
        is_ours(&request.key_id)?;
        Ok(self.metadata.clone())
    }

    fn seal(&self, plaintext: &[u8], context: &BTreeMap<String, String>) -> String {
        let place = Place { account: ACCOUNT, key_id: KEY_ID, material_id: MATERIAL_ID };
        BASE64_STANDARD.encode(self.sealer.seal(&self.material, &place, context, plaintext, &SystemRandom))
    }
}

/// The headers of every answer of AWS KMS.
fn dress(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate, private"));
    headers.insert(EXPIRES, HeaderValue::from_static("0"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    let mut id = [0; 16];
    SystemRandom.fill(&mut id);
    let mut digits = [b'-'; 36];
    for (part, place) in [(0..4, 0), (4..6, 9), (6..8, 14), (8..10, 19), (10..16, 24)] {
        let length = 2 * part.len();
        hex::encode_to_slice(&id[part], &mut digits[place..place + length]).expect("two digits a byte");
    }
    headers.insert("x-amzn-requestid", HeaderValue::from_bytes(&digits).expect("digits and dashes"));
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refused> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refused)
}

fn push_hash(text: &mut String, bytes: &[u8]) {
    let mut digits = [0; 64];
    hex::encode_to_slice(crypto::sha256(bytes), &mut digits).expect("two digits a byte");
    text.push_str(str::from_utf8(&digits).expect("digits"));
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|_| Refused)
}

fn write(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("texts have a JSON form")
}

fn is_ours(key_id: &str) -> Result<(), Refused> {
    if key_id == KEY_ID { Ok(()) } else { Err(Refused) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptRequest<'a> {
    #[serde(borrow)]
    key_id: Cow<'a, str>,
    #[serde(borrow)]
    plaintext: Cow<'a, str>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DecryptRequest<'a> {
    #[serde(borrow)]
    ciphertext_blob: Cow<'a, str>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKeyRequest<'a> {
    #[serde(borrow)]
    key_id: Cow<'a, str>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeKeyRequest<'a> {
    #[serde(borrow)]
    key_id: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptResponse<'a> {
    ciphertext_blob: String,
    encryption_algorithm: &'a str,
    key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DecryptResponse<'a> {
    encryption_algorithm: &'a str,
    key_id: &'a str,
    key_material_id: String,
    key_origin: &'a str,
    plaintext: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKeyResponse<'a> {
    ciphertext_blob: String,
    key_id: &'a str,
    key_material_id: String,
    plaintext: String,
}

/// What Trent tells of a new symmetric key.
fn metadata(key_arn: &str) -> Vec<u8> {
    write(&serde_json::json!({"KeyMetadata": {
        "AWSAccountId": ACCOUNT,
        "Arn": key_arn,
        "CreationDate": 1_592_412_018.521,
        "CurrentKeyMaterialId": hex::encode(MATERIAL_ID),
        "CustomerMasterKeySpec": SYMMETRIC_DEFAULT,
        "Description": "",
        "Enabled": true,
        "EncryptionAlgorithms": [SYMMETRIC_DEFAULT],
        "KeyId": KEY_ID,
        "KeyManager": "CUSTOMER",
        "KeySpec": SYMMETRIC_DEFAULT,
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": false,
        "Origin": "AWS_KMS",
    }}))
}

const ACCOUNT: &str = "111122223333";
const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const MATERIAL_ID: [u8; 32] = [0x5a; 32];
const SYMMETRIC_DEFAULT: &str = "SYMMETRIC_DEFAULT";

/// As in Trent.
const SKEW_MS: u64 = 5 * 60 * 1000;
