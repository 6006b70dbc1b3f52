//! An issuer of tokens: keys made for the test, a key set, an address where both can be asked for.
//!
//! **Never here:** expectations; the code that checks tokens, whose forms are written out here again.
//!
//! **Read first:** [`Issuer`], [`Key`].

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::stub::{self, Stub};

/// A pair of keys with an id.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    Rsa(Arc<RsaKeyPair>),
    Ec(Arc<EcdsaKeyPair>),
    Ed(Arc<Ed25519KeyPair>),
}

/// An issuer with an address of its own.
pub(crate) struct Issuer {
    stub: Stub,
    state: Arc<Mutex<State>>,
}

struct State {
    keys: Vec<Value>,
    /// What it says its name is; none for its address.
    claims_to_be: Option<String>,
    is_down: bool,
    n_asked: usize,
}

impl Key {
    /// An elliptic key, which is made in no time.
    pub(crate) fn ec(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: id.to_owned(), pair: Pair::Ec(Arc::new(pair)) }
    }

    /// An elliptic key of the larger curve.
    pub(crate) fn ec384(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self { id: id.to_owned(), pair: Pair::Ec(Arc::new(pair)) }
    }

    /// An Edwards key.
    pub(crate) fn ed(id: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self { id: id.to_owned(), pair: Pair::Ed(Arc::new(pair)) }
    }

    /// The RSA key of all tests in this process: to make one takes long.
    pub(crate) fn rsa(id: &str) -> Self {
        static PAIR: LazyLock<Arc<RsaKeyPair>> =
            LazyLock::new(|| Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
        Self { id: id.to_owned(), pair: Pair::Rsa(Arc::clone(&PAIR)) }
    }

    /// The public half as it stands in a key set.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                // SEQUENCE { INTEGER of 257 bytes, INTEGER 65537 }: what 2048 bits always give.
                let der = pair.public_key().as_ref();
                json!({ "kty": "RSA", "kid": self.id, "n": base64url(&der[9..265]), "e": "AQAB" })
            }
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                let (x, y) = (base64url(x), base64url(y));
                json!({ "kty": "EC", "crv": curve, "kid": self.id, "x": x, "y": y })
            }
            Pair::Ed(pair) => {
                let x = base64url(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x })
            }
        }
    }

    /// The public half as bytes, which an attacker has as well.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// A token with these claims, signed as the key is mostly used.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let algorithm = if matches!(self.pair, Pair::Rsa(_)) { "RS256" } else { "ES256" };
        self.token_as(&json!({ "alg": algorithm, "typ": "JWT", "kid": self.id }), claims)
    }

    /// A token with this header, whatever it says.
    pub(crate) fn token_as(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match header["alg"].as_str().unwrap() {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", base64url(&signature))
    }
}

/// A token that a secret signs.
pub(crate) fn token_by_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}

/// What is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    )
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// RFC 4648, section 5, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for i in 0..=group.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * i)) as usize & 63]));
        }
    }
    text
}

impl Issuer {
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        let keys = keys.iter().map(|key| key.jwk()).collect();
        let state = State { keys, claims_to_be: None, is_down: false, n_asked: 0 };
        let state = Arc::new(Mutex::new(state));
        let answering = Arc::clone(&state);
        let stub = Stub::start(move |request| {
            let mut state = answering.lock().unwrap();
            state.n_asked += 1;
            let address = format!("http://{}", request.headers()["host"].to_str().unwrap());
            let mut answer = match request.uri().path() {
                "/.well-known/openid-configuration" => stub::json(&json!({
                    "issuer": state.claims_to_be.clone().unwrap_or_else(|| address.clone()),
                    "jwks_uri": format!("{address}/jwks"),
                })),
                "/jwks" => stub::json(&json!({ "keys": state.keys })),
                _ => Response::builder().status(404).body(http_body_util::Full::default()).unwrap(),
            };
            if state.is_down {
                *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            std::future::ready(answer)
        })
        .await;
        Self { stub, state }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.stub.address
    }

    /// Its name, which is its address.
    pub(crate) fn name(&self) -> String {
        format!("http://{}", self.stub.address)
    }

    /// The claims of an honest token for `api`.
    pub(crate) fn claims(&self, subject: &str) -> Value {
        json!({ "iss": self.name(), "aud": "api", "sub": subject, "exp": now() + 300, "scope": "read write" })
    }

    pub(crate) fn rotate(&self, keys: &[&Key]) {
        self.state.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    pub(crate) fn go_down(&self) {
        self.state.lock().unwrap().is_down = true;
    }

    pub(crate) fn claim_to_be(&self, name: &str) {
        self.state.lock().unwrap().claims_to_be = Some(name.to_owned());
    }

    /// How many requests it has had.
    pub(crate) fn n_asked(&self) -> usize {
        self.state.lock().unwrap().n_asked
    }
}
