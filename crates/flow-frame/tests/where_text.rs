//! The text form of predicates: what is read, how it prints, where errors point.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use flow_frame::predicate::{AddressSet, ParseContext, Predicate};
use flow_frame::{Anchors, Class, ErrorKind, Instant};
use proptest::prelude::*;

fn context() -> ParseContext {
    let instant = |text| Some(Instant::parse(text).unwrap());
    let anchors = Anchors { now: instant("2016-09-30T00:00"), end: instant("2016-09-29T14:00") };
    let servers = AddressSet::from_prefixes(["192.0.2.0/24".parse().unwrap()]);
    ParseContext::default()
        .with_anchors(anchors)
        .with_set("servers", servers.clone())
        .with_set("a b", servers)
}

/// The printed form, which is read as the same.
fn printed(text: &str) -> String {
    let predicate = Predicate::parse(text, &context())
        .unwrap_or_else(|e| panic!("{text}\n{e}\n{}", e.pointed().unwrap_or_default()));
    let printed = predicate.to_string();
    let again = Predicate::parse(&printed, &context()).unwrap_or_else(|e| panic!("{printed}\n{e}"));
    assert_eq!(again, predicate, "{printed}");
    printed
}

#[test]
fn what_is_read() {
    for (text, expected) in [
        (
            "proto = 6 and dport in (80, 443) and sip in 10.20.0.0/16 and bytes > 1000",
            "protocol = 6 and dport in (80, 443) and sip in 10.20.0.0/16 and bytes >= 1001",
        ),
        ("dport in (443,80,81, 1000-2000, 65000-)", "dport in (80-81, 443, 1000-2000, 65000..)"),
        ("dport in 80", "dport = 80"),
        ("DPORT=80", "dport = 80"),
        ("dport IN 80, 443", "dport in (80, 443)"),
        ("dport in ()", "dport in ()"),
        ("dport in 1024-", "dport >= 1024"),
        ("dport in ..1023", "dport <= 1023"),
        ("dport in ..", "dport in .."),
        ("dport between 1 and 9", "dport in 1-9"),
        ("dport between 9 and 1", "dport in ()"),
        ("dport not between 1 and 9 and proto!=6", "dport not in 1-9 and protocol != 6"),
        ("dport <> 80", "dport != 80"),
        ("not dport = 80", "dport != 80"),
        ("not not dport == 80", "dport = 80"),
        ("dport < 0 or dport > 65535", "dport in () or dport in ()"),
        ("not proto < 0 and bytes > 18446744073709551615", "protocol not in () and bytes in ()"),
        ("not dport < 80", "not dport <= 79"),
        ("port = 53", "sport = 53 or dport = 53"),
        ("port not in (53, 80)", "not (sport in (53, 80) or dport in (53, 80))"),
        ("a_is_b is null", ""),
        ("input is null or input is NOT NULL", "input is null or input is not null"),
        ("is_ipv6 and not is_ipv6", "is_ipv6 and not is_ipv6"),
        ("is_ipv6 = false or is_ipv6 = TRUE", "not is_ipv6 or is_ipv6"),
        ("true and (false)", "true and false"),
        ("not true", "false"),
        ("not (proto = 6 or proto = 17)", "not (protocol = 6 or protocol = 17)"),
        ("proto = 6 and (dport = 80 or dport = 443)", "protocol = 6 and (dport = 80 or dport = 443)"),
        ("(proto = 6 and dport = 80) or (sport = 1)", "protocol = 6 and dport = 80 or sport = 1"),
        ("((proto = 6)) and (dport = 1 and sport = 2)", "protocol = 6 and dport = 1 and sport = 2"),
        ("stime >= 2016-09-29T13:00", "stime >= 2016-09-29T13:00:00.000Z"),
        ("stime > '2016-09-29 13:00:00.5+02:00'", "stime > 2016-09-29T11:00:00.500Z"),
        ("stime < @1475155339.000000001", "stime <= 2016-09-29T13:22:19.000Z"),
        ("stime < 2016/09/29T13:22:19", "stime < 2016-09-29T13:22:19.000Z"),
        ("timestamp = @0", "stime = 1970-01-01T00:00:00.000Z"),
        ("etime in end-30m..end", "etime in 2016-09-29T13:30:00.000Z..2016-09-29T14:00:00.000Z"),
        ("etime in \"-1h..\"", "etime >= 2016-09-29T23:00:00.000Z"),
        (
            "active in 2016-09-29T13:00..2016-09-29T14:00",
            "stime <= 2016-09-29T14:00:00.000Z and etime >= 2016-09-29T13:00:00.000Z",
        ),
        ("active = @1", "stime <= 1970-01-01T00:00:01.000Z and etime >= 1970-01-01T00:00:01.000Z"),
        ("duration > 1.5s", "duration > 1500ms"),
        ("duration in (250, 1h30m-2h, 1d-)", "duration in (250ms, 5400s-7200s, 86400s..)"),
        ("duration <= 0.000001", "duration <= 0.000001ms"),
        ("duration > 999999999999999999", "duration > 999999999999999999ms"),
        ("sip = 10.1.2.3", "sip = 10.1.2.3"),
        ("sip in (10.0.0.0/8, 2001:db8::/32)", "sip in (10.0.0.0/8, 2001:db8::/32)"),
        ("sip in (10.0.0.0/9, 10.128.0.0/9)", "sip in 10.0.0.0/8"),
        ("sip in 10.0.0.1-10.0.0.4", "sip in (10.0.0.1, 10.0.0.2/31, 10.0.0.4)"),
        ("sip in 10.x.1-3,5.0", "sip in '10.x.1-3,5.0'"),
        (
            "sip in ('10.x.1-3,5.0', 10.x.x.x, 192.0.2.1)",
            "sip = 192.0.2.1 or sip in '10.x.1-3,5.0' or sip in 10.x.x.x",
        ),
        ("sip in (167838211, 10.0.0.x)", "sip = 10.1.2.3 or sip in 10.0.0.x"),
        ("sip in 0:0:0:0:0:ffff:a00:1", "sip = 10.0.0.1"),
        ("sip in 10.1.2.3/31 and dip in '10.1.2.2-3'", "sip in 10.1.2.2/31 and dip in 10.1.2.2-3"),
        ("sip in 10.0.0.1,10.0.0.3", "sip in (10.0.0.1, 10.0.0.3)"),
        ("ip != 192.0.2.1", "not (sip = 192.0.2.1 or dip = 192.0.2.1)"),
        ("dip in @servers", "dip in @servers"),
        ("dip not in '@a b'", "dip not in '@a b'"),
        ("nhip in ()", "nhip in ()"),
        ("sip in ::/0", "sip in ::/0"),
        ("tcpflags = s/sa", "tcpflags = S/SA"),
        ("tcpflags = SA", "tcpflags = SA/FSRPAUEC"),
        ("tcpflags = 18", "tcpflags = 18"),
        ("initial_tcpflags in (S/SA, SA/SA)", "initial_tcpflags in (S/SA, SA/SA)"),
        ("tcpflags any FR", "tcpflags in (F/F, R/R)"),
        ("tcpflags any ''", "tcpflags any ''"),
        ("tcpflags = /F", "tcpflags = /F"),
        ("attributes in (C/TC,F/F)", "attributes in (C/TC, F/F)"),
        ("sensor = S1", "sensor = 'S1'"),
        ("type in (in, \"inweb\") and class != 'it''s'", "type in ('in', 'inweb') and class != 'it''s'"),
        ("sensor is null", "sensor is null"),
        ("bytes/packets in 60-64.25", "bytes/packets in 60-64.25"),
        ("bytes / packets = 60", "bytes/packets = 60"),
        ("bytes/packets > 60", "bytes/packets >= 60.00000000000001"),
        ("bytes/packets in (1-, 2-3)", "bytes/packets >= 1 or bytes/packets in 2-3"),
        ("icmptype = 8 and memo = 3", "icmptype = 8 and memo = 3"),
    ] {
        if expected.is_empty() {
            assert!(Predicate::parse(text, &context()).is_err(), "{text}");
        } else {
            assert_eq!(printed(text), expected, "{text}");
        }
    }
    printed("bytes/packets < 0 or bytes <= 18446744073709551615 or stime < now-999999999w");
}

#[test]
fn where_errors_point() {
    for (text, at, expected, found) in [
        ("", 1, "a column, not or (", "the end"),
        ("protocl = 6", 1, "a column, such as protocol,", "\"protocl\""),
        ("proto 6", 7, "= != < <= > >= in, between or is null", "\"6\""),
        ("proto = ", 9, "a value", "the end"),
        ("proto = tcp", 9, "a number of at most 255", "\"tcp\""),
        ("proto = 256", 9, "a number of at most 255", "\"256\""),
        ("dport in (80, 70000)", 15, "a number of at most 65535", "\"70000\""),
        ("dport in (80 443)", 14, ", or )", "\"443\""),
        ("dport in (80, )", 15, "a value", "\")\""),
        ("dport in 2000-1000", 10, "a range whose end is not below its start", "\"2000-1000\""),
        ("dport in 80-x", 13, "a number of at most 65535", "\"80-x\""),
        ("proto = 6 and", 14, "a column, not or (", "the end"),
        ("proto = 6 dport = 80", 11, "and, or, or the end", "\"dport\""),
        ("(proto = 6", 11, "and, or, or )", "the end"),
        ("proto = 6)", 10, "and, or, or the end", "\")\""),
        ("sip = 10.0.0", 13, "four blocks with . between them", "\"10.0.0\""),
        ("sip = 10.0.0.0/33", 16, "a length from 1 to 32", "\"10.0.0.0/33\""),
        ("sip in @clients", 8, "the name of a set (@a b, @servers)", "\"@clients\""),
        ("sip < 10.0.0.1", 5, "= != in or is null", "\"<\""),
        ("is_ipv6 > 1", 9, "= or !=", "\">\""),
        ("is_ipv6 = 1", 11, "true or false", "\"1\""),
        ("tcpflags = S/X", 14, "letters of FSRPAUEC", "\"S/X\""),
        ("tcpflags = S/A", 12, "letters that all stand behind the / too", "\"S/A\""),
        ("tcpflags = S/", 14, "a mask of at least one letter", "\"S/\""),
        ("duration = 99999999999999w", 12, "a shorter time", "\"99999999999999w\""),
        ("dport any FR", 7, "= != < <= > >= in, between or is null", "\"any\""),
        ("stime > 2016-09-29", 19, "T and the time of day", "\"2016-09-29\""),
        ("stime > '2016-09-29 25:00'", 26, "no such time of day", "\"'2016-09-29 25:00'\""),
        ("duration > 5x", 13, "a unit: ms, s, m, h, d or w", "\"5x\""),
        ("duration > 0.0000001", 12, "a length of time such as 250ms or 1.5s", "\"0.0000001\""),
        ("sensor = 'S1", 10, "a text with its closing quote", "\"'S1\""),
        ("dport ! 80", 7, "a comparison: = != < <= > >=", "\"! 80\""),
        ("dport not 80", 11, "in or between", "\"80\""),
        ("dport is 80", 10, "null or not null", "\"80\""),
        ("active > @1", 8, "= or in", "\">\""),
        ("bytes/packets in 3-2", 18, "a range whose end is not below its start", "\"3-2\""),
        ("bytes/packets = 1e5", 17, "a number such as 60 or 64.25", "\"1e5\""),
        ("ä = 1", 1, "a column", "\"ä\""),
        ("'ä' = 1", 1, "a column, not or (", "\"'ä'\""),
        ("sensor = 'ä' x", 14, "and, or, or the end", "\"x\""),
    ] {
        let error = Predicate::parse(text, &context()).unwrap_err();
        assert_eq!(error.class(), Class::Usage, "{error}");
        let ErrorKind::Predicate { at: a, expected: e, found: f, .. } = error.kind() else {
            panic!("{text}: {error}")
        };
        assert_eq!((*a, e.as_str(), f.as_str()), (at, expected, found), "{text}");
    }
    let error = Predicate::parse("proto = tcp", &context()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the predicate: expected a number of at most 255, found \"tcp\" (character 9)"
    );
    assert_eq!(error.pointed().unwrap(), "proto = tcp\n        ^");
    let error = Predicate::parse("stime > -1h", &ParseContext::default()).unwrap_err();
    assert!(error.to_string().contains("relative to now makes no sense here"), "{error}");
}

#[test]
fn limits() {
    for text in [
        "(".repeat(100_000),
        "(".repeat(60_000),
        format!("{}true{}", "(".repeat(65), ")".repeat(65)),
        "x".repeat(70_000),
    ] {
        assert_eq!(Predicate::parse(&text, &context()).unwrap_err().class(), Class::Limit);
    }
    let most = format!("{}true{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(Predicate::parse(&most, &context()).unwrap(), Predicate::always(true));
    let nots = format!("{}is_ipv6", "not ".repeat(15_001));
    assert_eq!(Predicate::parse(&nots, &context()).unwrap().to_string(), "not is_ipv6");
    let wide = vec!["dport = 1"; 5000].join(" or ");
    let wide = Predicate::parse(&wide, &context()).unwrap();
    assert!(wide.compile(&Default::default()).is_ok());
    let nested = (0..64).fold("is_ipv6".to_owned(), |inner, i| {
        let word = if i % 2 == 0 { "and" } else { "or" };
        format!("not ({inner} {word} proto = 6)")
    });
    assert!(Predicate::parse(&nested, &context()).unwrap().compile(&Default::default()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_words_are_read_or_refused_politely(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "proto", "dport", "sip", "ip", "port", "stime", "active", "duration", "tcpflags", "attributes", "sensor", "is_ipv6",
            "bytes/packets", "bytes", "/", "packets", "in", "not", "and", "or", "between", "is", "null", "any", "true", "(", ")", ",",
            "=", "!=", "<", ">=", "6", "80-90", "1024-", "..", "10.0.0.0/8", "10.x.1-3,5.0", "@servers", "@1", "S/SA", "1.5s", "'S1'",
            "end-30m..", "64.25", "\"", "'", "!", "ä",
        ]), 0..14),
        glue in proptest::bool::ANY,
    ) {
        let text = words.join(if glue { "" } else { " " });
        match Predicate::parse(&text, &context()) {
            Ok(predicate) => {
                let printed = predicate.to_string();
                prop_assert_eq!(Predicate::parse(&printed, &context()).unwrap(), predicate, "{}", printed);
            }
            Err(error) => {
                prop_assert!(error.pointed().is_some(), "{error}");
                let inside = matches!(error.kind(), ErrorKind::Predicate { at, .. } if *at <= text.chars().count() + 1);
                prop_assert!(inside, "{}", error);
            }
        }
    }

    #[test]
    fn any_text_is_refused_politely(text: String) {
        let _ = Predicate::parse(&text, &context());
    }
}
