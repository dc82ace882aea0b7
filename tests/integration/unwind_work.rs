// SPDX-License-Identifier: MIT
// The same for Rust, with a panic that is caught.
use std::collections::HashMap;
use std::arch::asm;
#[inline(never)] fn fail(n: u32) -> u32 { if n == 3 { panic!("three") } n * 2 }
#[inline(never)] fn run() -> usize {
    let mut m = HashMap::new();
    for i in 0..20u32 { m.insert(format!("k{}", i), i); }
    let mut v: Vec<_> = m.iter().map(|(k, v)| (k.len(), *v)).collect();
    v.sort_by(|a, b| b.cmp(a));
    let r = std::panic::catch_unwind(|| { (0..5).map(fail).sum::<u32>() });
    v.len() + r.is_err() as usize
}
fn main() { std::panic::set_hook(Box::new(|_| {})); unsafe { asm!("int3"); } let n = run(); unsafe { asm!("int3"); } std::process::exit((n & 1) as i32) }
