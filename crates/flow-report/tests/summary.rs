//! `summary.json` and the sentences, against the reference's numbers.

mod common;

use flow_report::{Account, Accounts, BytesAre, Class, ErrorKind, Summary, Window};
use serde_json::{Value, json};

#[test]
fn sentences_of_the_articles() {
    let Some(data) = common::report() else { return };
    assert_eq!(
        data.summary.sentences(),
        [
            "From 2016-09-29 13:22:19.625972 to 2016-09-29 13:52:19.625972 we had 182 MB in the wire",
            "The traffic was caused by 1661 source IPs and 1094 dest IPs.",
            "We analyzed 5 different protocols.",
        ]
    );
}

#[test]
fn sentence_without_a_window_or_with_open_ends() {
    let mut summary = Summary {
        first: Some(common::FIRST),
        last: Some(common::LAST),
        bytes: (3 << 20) - 1,
        ..Summary::default()
    };
    let from_first = "From 2016-09-29 13:22:19.853000 to ";
    assert_eq!(
        summary.volume_sentence(),
        format!("{from_first}2016-09-29 13:52:18.710000 we had 2 MB in the wire")
    );
    summary.window = Some(Window { start: None, end: Some(1_475_157_139_625_972_999), mode: "start".into() });
    assert_eq!(
        summary.volume_sentence(),
        format!("{from_first}2016-09-29 13:52:19.625972 we had 2 MB in the wire")
    );
    assert_eq!(Summary::default().volume_sentence(), "We had 0 MB in the wire");
    let window = Some(Window { start: Some(0), end: None, mode: "start".into() });
    let open = Summary { window, ..Summary::default() };
    assert_eq!(open.volume_sentence(), "From 1970-01-01 00:00:00.000000 on we had 0 MB in the wire");
}

/// The object of INTERFACES, key by key.
#[test]
fn json_has_the_agreed_keys_in_order() {
    let Some(data) = common::report() else { return };
    let mut summary = data.summary;
    summary
        .accounts
        .refused
        .insert("bytes ≥ 2^63".into(), Account { rows: 2, bytes: 176, bytes_are: BytesAre::Stored });
    let text = summary.to_json();
    let order = [
        "schema",
        "inputs",
        "path",
        "kind",
        "rows",
        "sha256",
        "window",
        "start",
        "end",
        "mode",
        "accounts",
        "read",
        "delivered",
        "filtered",
        "refused",
        "packets",
        "flows",
        "sip",
        "dip",
        "protocols",
        "first",
        "last",
        "empty_bins",
        "notes",
        "top",
        "sip_bytes",
        "dip_bytes",
        "protocol_bytes",
    ];
    let mut rest = text.as_str();
    for key in order {
        let place =
            rest.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key} after the keys before it"));
        rest = &rest[place..];
    }
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], json!(1));
    assert_eq!(
        value["window"],
        json!({"start": "2016-09-29T13:22:19.625972Z", "end": "2016-09-29T13:52:19.625972Z", "mode": "start"})
    );
    assert_eq!(value["first"], json!("2016-09-29T13:22:19.853Z"));
    assert_eq!(value["last"], json!("2016-09-29T13:52:18.710Z"));
    assert_eq!(
        value["accounts"]["delivered"],
        json!({"rows": 8908, "bytes": 191_748_522, "bytes_are": "traffic"})
    );
    assert_eq!(
        value["accounts"]["refused"]["bytes ≥ 2^63"],
        json!({"rows": 2, "bytes": 176, "bytes_are": "stored"})
    );
    let found: Vec<Value> = ["bytes", "packets", "flows", "sip", "dip", "protocols", "empty_bins"]
        .map(|key| value[key].clone())
        .into();
    assert_eq!(found, [191_748_522, 167_028, 8908, 1661, 1094, 5, 143].map(Value::from));
    assert_eq!(
        value["top"]["sip_bytes"][0],
        json!({"key": "28.173.196.29", "bytes": 14_364_477, "packets": 15_789, "flows": 737})
    );
    assert!(text.ends_with("}\n"));
}

#[test]
fn absent_values_are_null() {
    let value: Value = serde_json::from_str(&Summary::default().to_json()).unwrap();
    assert_eq!(
        (&value["window"], &value["first"], &value["last"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&value["inputs"], &value["notes"]), (&json!([]), &json!([])));
}

#[test]
fn integers_stay_exact() {
    let bytes = i128::from(i64::MAX) * 1_000_000_007;
    let summary = Summary { bytes, flows: u64::MAX, ..Summary::default() };
    let text = summary.to_json();
    assert!(text.contains(&format!("\"bytes\": {bytes},")));
    assert!(text.contains("\"flows\": 18446744073709551615,"));
    assert_eq!(Summary::from_json(&text).unwrap(), summary);
}

#[test]
fn reads_what_it_wrote_and_leaves_out_what_it_does_not_know() {
    let Some(data) = common::report() else { return };
    let text = data.summary.to_json();
    assert_eq!(Summary::from_json(&text).unwrap(), data.summary);
    let newer = text.replacen("\"schema\": 1,", "\"schema\": 1, \"later\": {\"a\": 1},", 1);
    assert_eq!(Summary::from_json(&newer).unwrap(), data.summary);
}

#[test]
fn refuses_what_is_no_summary() {
    for text in ["", "[]", "{\"schema\":1}", "{\"schema\":-1}", "nonsense"] {
        let error = Summary::from_json(text).unwrap_err();
        assert_eq!(error.class(), Class::Malformed, "{text}");
        assert!(matches!(error.kind(), ErrorKind::Summary { .. }), "{text}");
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = Summary::from_json("{\"schema\":2}").unwrap_err();
    assert_eq!(error.to_string(), "summary of schema 2, expected 1");
}

#[test]
fn accounts_balance_or_not() {
    let account = |rows, bytes| Account { rows, bytes, bytes_are: BytesAre::Traffic };
    let mut accounts = Accounts {
        read: account(10, 100),
        delivered: account(7, 70),
        filtered: account(2, 20),
        refused: [("why".to_owned(), account(1, 10))].into(),
    };
    assert!(accounts.balance());
    accounts.filtered.bytes = 21;
    assert!(!accounts.balance());
    // Rows whose traffic is unknown count their stored bytes, which cannot be added to traffic.
    accounts.refused.insert("why".into(), Account { rows: 1, bytes: 88, bytes_are: BytesAre::Stored });
    assert!(accounts.balance());
    accounts.delivered.rows = u64::MAX;
    assert!(!accounts.balance());
}
