#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| paperfall_fuzz::robots::check(data));
