//! Attacks on tokens, each through both doors, each refused, none seen by an upstream.
//!
//! **Never here:** what good tokens do (`identity`).
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc8725>

use serde_json::{Value, json};

use crate::house::{House, lines, until};
use crate::identity::{
    ask_both, ask_with_token, assert_admitted, assert_refused, discovered, guarded,
};
use crate::issuer::{Issuer, Key, base64url, message, now, token_by_secret};

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// A gateway that knows one RSA and one elliptic key, and honest claims.
async fn open() -> (House, Issuer, Key, Key) {
    let (rsa, ec) = (Key::rsa("r1"), Key::ec("e1"));
    let issuer = Issuer::start(&[&rsa, &ec]).await;
    let house = guarded(&discovered(&issuer)).await;
    assert_admitted(&ask_with_token(&house, &rsa.token(&issuer.claims("alice"))).await);
    assert_admitted(&ask_with_token(&house, &ec.token(&issuer.claims("alice"))).await);
    house.forget_requests();
    (house, issuer, rsa, ec)
}

/// All tokens are refused, and no upstream hears of it.
async fn refuse_all(house: &House, tokens: impl IntoIterator<Item = (&str, String)>) {
    for (what, token) in tokens {
        let answers = ask_with_token(house, &token).await;
        for answer in &answers {
            assert_eq!(answer.status, 401, "{what}: {}", answer.text());
            assert!(token.len() < 8 || !answer.text().contains(&token), "{what}");
        }
        assert_refused(&answers, 401, "UNAUTHENTICATED");
    }
    assert_eq!(
        house.requests(),
        json!({ "accounts": 0, "products": 0, "inventory": 0, "reviews": 0 })
    );
    assert_eq!(house.servers.server(subgraphs::Service::Orders).requests(), 0);
}

#[tokio::test]
async fn a_header_cannot_choose_how_a_token_is_checked() {
    let (house, issuer, rsa, ec) = open().await;
    let claims = issuer.claims("alice");
    let none = |alg: &str| format!("{}.", message(&json!({ "alg": alg }), &claims));
    let hs = |kid: &str| json!({ "alg": "HS256", "kid": kid, "typ": "JWT" });
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64url(&rsa.public_bytes())
    );
    let own = Key::ec("mine");
    let embedded = json!({ "alg": "ES256", "jwk": own.jwk() });
    let by_address =
        json!({ "alg": "ES256", "kid": "mine", "jku": format!("{}/jwks", issuer.name()) });
    refuse_all(
        &house,
        [
            ("alg none", none("none")),
            ("alg None", none("None")),
            (
                "no signature",
                format!("{}.", message(&json!({ "alg": "RS256", "kid": "r1" }), &claims)),
            ),
            (
                "HS256 by the public RSA key",
                token_by_secret(&rsa.public_bytes(), &hs("r1"), &claims),
            ),
            (
                "HS256 by the public RSA key as PEM",
                token_by_secret(pem.as_bytes(), &hs("r1"), &claims),
            ),
            (
                "HS256 by the public elliptic key",
                token_by_secret(&ec.public_bytes(), &hs("e1"), &claims),
            ),
            ("HS256 by an empty secret", token_by_secret(b"", &hs("r1"), &claims)),
            (
                "RS256 named, signed by the elliptic key",
                ec.token_as(&json!({ "alg": "RS256", "kid": "e1" }), &claims),
            ),
            (
                "ES256 named, with the RSA key",
                rsa.token_as(&json!({ "alg": "ES256", "kid": "r1" }), &claims),
            ),
            ("a key inside the token", own.token_as(&embedded, &claims)),
            ("a key at an address of the token", own.token_as(&by_address, &claims)),
            (
                "critical extensions",
                rsa.token_as(
                    &json!({ "alg": "RS256", "kid": "r1", "crit": ["b64"], "b64": false }),
                    &claims,
                ),
            ),
            (
                "another type",
                rsa.token_as(&json!({ "alg": "RS256", "kid": "r1", "typ": "logout+jwt" }), &claims),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_id_is_only_a_name() {
    let (house, issuer, ..) = open().await;
    let (claims, own) = (issuer.claims("alice"), Key::ec("mine"));
    let ids = [
        "../../../../etc/passwd",
        "/dev/null",
        "' OR '1'='1",
        "r1\u{0}",
        "$(id)",
        "http://127.0.0.1/jwks",
        "",
    ];
    let huge = "k".repeat(8_000);
    let ids = ids.iter().copied().chain([huge.as_str()]);
    let tokens =
        ids.map(|kid| ("kid", own.token_as(&json!({ "alg": "ES256", "kid": kid }), &claims)));
    let n_asked = issuer.n_asked();
    refuse_all(&house, tokens.collect::<Vec<_>>()).await;
    // However many unknown ids come, the issuer is asked once more: its configuration and its keys.
    assert_eq!(issuer.n_asked() - n_asked, 2);
}

#[tokio::test]
async fn what_a_token_says_of_itself_must_fit() {
    let (house, issuer, rsa, ec) = open().await;
    let claims = issuer.claims("alice");
    let other = Issuer::start(&[&Key::ec("e1")]).await;
    let foreign = Key::ec("e1");
    let mut tampered = ec.token(&claims);
    let at = tampered.find('.').unwrap() + 10;
    let letter = if tampered.as_bytes()[at] == b'A' { "B" } else { "A" };
    tampered.replace_range(at..=at, letter);
    refuse_all(
        &house,
        [
            ("expired", rsa.token(&with(&claims, "exp", json!(now() - 31)))),
            ("without an end", rsa.token(&without(&claims, "exp"))),
            ("with a text as end", rsa.token(&with(&claims, "exp", json!("2100-01-01")))),
            ("with a negative end", rsa.token(&with(&claims, "exp", json!(-1)))),
            ("not valid yet", rsa.token(&with(&claims, "nbf", json!(now() + 60)))),
            ("another audience", rsa.token(&with(&claims, "aud", json!("other")))),
            ("other audiences", rsa.token(&with(&claims, "aud", json!(["other", "apis"])))),
            ("no audience", rsa.token(&without(&claims, "aud"))),
            ("an audience that is no text", rsa.token(&with(&claims, "aud", json!([["api"]])))),
            ("another issuer", rsa.token(&with(&claims, "iss", json!(other.name())))),
            (
                "a longer issuer",
                rsa.token(&with(&claims, "iss", json!(format!("{}/", issuer.name())))),
            ),
            ("no issuer", rsa.token(&without(&claims, "iss"))),
            ("a list of issuers", rsa.token(&with(&claims, "iss", json!([issuer.name()])))),
            ("nobody", rsa.token(&without(&claims, "sub"))),
            ("an empty id", rsa.token(&with(&claims, "sub", json!("")))),
            ("a key of another with the same id", foreign.token(&claims)),
            ("changed on the way", tampered),
            ("two parts", message(&json!({ "alg": "RS256" }), &claims)),
            ("four parts", format!("{}.x", rsa.token(&claims))),
            ("rubbish", "rubbish".to_owned()),
            ("nothing", String::new()),
            ("too long", rsa.token(&with(&claims, "pad", json!("p".repeat(14_000))))),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_letter_of_a_token_can_be_changed() {
    let (house, issuer, _, ec) = open().await;
    let token = ec.token(&issuer.claims("alice"));
    assert_admitted(&ask_with_token(&house, &token).await);
    house.forget_requests();
    let at = |i: usize| {
        let mut changed = token.clone().into_bytes();
        changed[i] = if changed[i] == b'x' { b'y' } else { b'x' };
        ("changed", String::from_utf8(changed).unwrap())
    };
    // Every third letter, and the last, whose spare bits say nothing.
    let places = (0..token.len()).step_by(3).chain([token.len() - 1]);
    refuse_all(&house, places.map(at).collect::<Vec<_>>()).await;
    let cut = (0..token.len()).step_by(17).map(|end| ("cut off", token[..end].to_owned()));
    refuse_all(&house, cut.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn two_credentials_are_none() {
    let (house, issuer, rsa, _) = open().await;
    let good = format!("Bearer {}", rsa.token(&issuer.claims("alice")));
    for second in ["Bearer x", good.as_str(), "Basic YTpi"] {
        let headers = [("authorization", good.as_str()), ("authorization", second)];
        assert_refused(&ask_both(&house, &headers).await, 401, "UNAUTHENTICATED");
    }
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let identity = format!(
        "  corp: {{ jwt: {{ issuer: \"{}\", audience: api, from: [{{ cookie: session }}] }} }}",
        issuer.name()
    );
    let house = guarded(&identity).await;
    let token = key.token(&issuer.claims("alice"));
    let once = format!("a=b; session={token}");
    assert_admitted(&ask_both(&house, &[("cookie", &once)]).await);
    let twice = format!("session={token}; session={token}");
    assert_refused(&ask_both(&house, &[("cookie", &twice)]).await, 401, "UNAUTHENTICATED");
    let in_two_headers = [("cookie", once.as_str()), ("cookie", "session=")];
    assert_refused(&ask_both(&house, &in_two_headers).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_rotated_key_counts_at_once_and_a_withdrawn_one_no_more() {
    let (old, new, newer) = (Key::ec("old"), Key::ec("new"), Key::ec("newer"));
    let issuer = Issuer::start(&[&old]).await;
    let house = guarded(&discovered(&issuer)).await;
    let (by_old, by_new) = (old.token(&issuer.claims("alice")), new.token(&issuer.claims("alice")));
    assert_admitted(&ask_with_token(&house, &by_old).await);
    issuer.rotate(&[&new]);
    assert_admitted(&ask_with_token(&house, &by_new).await);
    assert_refused(&ask_with_token(&house, &by_old).await, 401, "UNAUTHENTICATED");
    // The next unknown id is not worth a question so soon.
    issuer.rotate(&[&newer]);
    let n_asked = issuer.n_asked();
    let by_newer = newer.token(&issuer.claims("alice"));
    assert_refused(&ask_with_token(&house, &by_newer).await, 401, "UNAUTHENTICATED");
    assert_eq!(issuer.n_asked(), n_asked);
}

#[tokio::test]
async fn when_the_issuer_is_away_its_last_keys_count_and_then_none() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let identity = format!(
        "  corp: {{ jwt: {{ issuer: \"{}\", audience: api, jwks: {{ refresh: 50ms, keep_for: 1500ms }} }} }}",
        issuer.name()
    );
    let house = guarded(&identity).await;
    let token = key.token(&issuer.claims("alice"));
    assert_admitted(&ask_with_token(&house, &token).await);
    issuer.go_down();
    let told = |message: &'static str| {
        let diagnostics = house.diagnostics.lines.clone();
        move || (!lines(&diagnostics, message).is_empty()).then_some(())
    };
    until("the outage is told", told("keys of an issuer cannot be had")).await;
    // Another token, so that nothing that was kept answers.
    assert_admitted(&ask_with_token(&house, &key.token(&issuer.claims("bob"))).await);
    let end = "the keys of an issuer are older than `keep_for`: its tokens are refused";
    until("the end is told", told(end)).await;
    assert_refused(&ask_with_token(&house, &token).await, 503, "IDENTITY_UNAVAILABLE");
}

#[tokio::test]
async fn an_issuer_that_was_never_there_or_speaks_for_another_vouches_for_nobody() {
    let key = Key::ec("e1");
    for claims_to_be in [None, Some("https://idp.example.com")] {
        let issuer = Issuer::start(&[&key]).await;
        match claims_to_be {
            None => issuer.go_down(),
            Some(name) => issuer.claim_to_be(name),
        }
        let house = guarded(&discovered(&issuer)).await;
        let token = key.token(&issuer.claims("alice"));
        assert_refused(&ask_with_token(&house, &token).await, 503, "IDENTITY_UNAVAILABLE");
        assert_refused(&ask_both(&house, &[]).await, 401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn a_kept_token_ends_when_its_time_is_over() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let identity = format!(
        "  corp: {{ jwt: {{ issuer: \"{}\", audience: api, leeway: 1ms }} }}",
        issuer.name()
    );
    let house = guarded(&identity).await;
    let token = key.token(&with(&issuer.claims("alice"), "exp", json!(now() + 3)));
    assert_admitted(&ask_with_token(&house, &token).await);
    let ended = async {
        while ask_with_token(&house, &token).await.iter().any(|answer| answer.status != 401) {}
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.unwrap();
    let [answer, _] = ask_with_token(&house, &token).await;
    let challenge = answer.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert!(challenge.contains("the credential has expired"), "{challenge}");
}
