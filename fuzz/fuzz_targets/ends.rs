//! See the body of the same name in `flowloom_fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::ends(data));
