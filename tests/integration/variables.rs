// SPDX-License-Identifier: MIT
// Variables of many kinds in Rust, alive when the program dies deep inside.
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone)]
struct Point {
    x: i32,
    y: f64,
}
#[derive(Clone)]
enum Shape {
    Circle { radius: f32 },
    Square(u32),
    Nothing,
    Named(String, Point),
}
#[derive(Clone, Copy, PartialEq)]
enum Plain {
    A,
    B,
    C,
}
struct Wrapper(u64, bool);
struct Unit;

fn add(x: i32) -> i32 {
    x + 1
}

#[inline(never)]
fn die(
    text: &str,
    owned: String,
    numbers: &[i32],
    vector: Vec<u16>,
    option: Option<i32>,
    shape: &Shape,
    plain: Plain,
    tuple: (i32, char, bool),
) -> i32 {
    let none: Option<String> = None;
    let some = Some(String::from("inside"));
    let failed: Result<i32, String> = Err("bad".to_string());
    let fine: Result<u8, ()> = Ok(3);
    let boxed = Box::new(Point { x: 1, y: 2.5 });
    let array = [1u8, 2, 3];
    let sevens = [7i32; 40];
    let letter = 'e';
    let size: usize = 99;
    let huge: i128 = -5;
    let wrapper = Wrapper(5, true);
    let _unit = Unit;
    let empty = ();
    let nested = Some(Some(4u32));
    let reference: Option<&i32> = Some(&numbers[0]);
    let counted = Rc::new(RefCell::new(5));
    let atomic = Arc::new(Point { x: 3, y: 4.0 });
    let shapes = vec![
        Shape::Circle { radius: 1.5 },
        Shape::Square(4),
        Shape::Nothing,
        Shape::Named("n".into(), Point { x: 9, y: 8.0 }),
    ];
    let mut map = HashMap::new();
    map.insert(1, "one");
    let mut tree = BTreeMap::new();
    tree.insert(2, 3);
    let deque = VecDeque::from(vec![1, 2]);
    let single: f32 = 0.1;
    let part = &text[1..];
    let function: fn(i32) -> i32 = add;
    let strings = vec!["a".to_string(), "b".to_string()];
    let yes = true;
    let small: i8 = -3;
    let range = 0..5;
    // What somebody else may look at is in memory, whatever the compiler knows of it.
    black_box((&none, &some, &failed, &fine, &array, &sevens, &wrapper, &nested, &reference));
    black_box((&text, &owned, &vector, &option, &tuple, &map, &tree, &deque, &strings, &shapes));
    black_box((&counted, &atomic, &range, &size, &single, &part, &numbers, &plain, &yes, &small));
    if numbers.len() == 3 {
        std::process::abort();
    }
    let mut sum = option.unwrap_or(0) + owned.len() as i32 + vector.len() as i32 + part.len() as i32;
    sum += none.is_some() as i32 + some.is_some() as i32 + failed.is_ok() as i32;
    sum += fine.is_ok() as i32 + boxed.x + array[0] as i32 + sevens[3] + letter as i32;
    sum += size as i32 + huge as i32 + wrapper.0 as i32 + nested.is_some() as i32 + (empty == ()) as i32;
    sum += *reference.unwrap() + { let b = *counted.borrow(); b } + atomic.x + shapes.len() as i32;
    sum += map.len() as i32 + tree.len() as i32 + deque.len() as i32 + single as i32 + function(1);
    sum += strings.len() as i32 + yes as i32 + small as i32 + range.len() as i32 + tuple.0;
    sum + (plain == Plain::B) as i32 + matches!(shape, Shape::Nothing) as i32
}

fn main() {
    let numbers = vec![1, 2, 3];
    let shape = Shape::Named("shape".to_string(), Point { x: 5, y: 6.5 });
    let result = die(
        "some text",
        "owned text".to_string(),
        &numbers,
        vec![10, 20],
        Some(7),
        &shape,
        Plain::B,
        (1, 'z', true),
    );
    println!("{} {}", result, boxed_sum(&[Plain::A, Plain::C]));
}

fn boxed_sum(all: &[Plain]) -> f64 {
    let wrapper = Wrapper(1, false);
    let point = Point { x: 1, y: 0.5 };
    all.len() as f64 + point.y + wrapper.1 as i32 as f64
}
