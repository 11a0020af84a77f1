//! Any value arrives at a real program exactly as it is.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use writ_connect::{Ended, Output};
use writ_core::value::Value;

use crate::bench::{Command, NO_SECRETS, example, heard, parameter, run_of, text};

fn delivered(command: &Command, args: &[&str], values: &[(&str, Value)]) -> Vec<String> {
    let args = std::iter::once("argv").chain(args.iter().copied());
    let values = values
        .iter()
        .map(|(name, value)| (parameter(name), value.clone()));
    let job = run_of(
        &example("target"),
        args.map(text).collect(),
        values.collect(),
    );
    let output = Output::new(8 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .unwrap()
        .block_on(command.connector.run(&job, &NO_SECRETS, &output));
    assert_eq!(ended, Ended::Succeeded { exit: Some(0) });
    heard(&output)
}

#[test]
fn any_text_arrives_exactly() {
    let command = Command::new();
    let any = prop_oneof![
        4 => "[^\0]{0,60}",
        4 => "[ \\$`'\"(){};|&<>*?\\[\\]~#%!\\\\\n\r\t-]{0,40}",
        1 => ("[^\0]", 1_usize..25_000).prop_map(|(text, times)| text.repeat(times)),
    ];
    let config = Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(
            &(any.clone(), proptest::collection::vec(any, 0..4)),
            |(one, list)| {
                let items = list.iter().map(|item| text(item)).collect();
                let values = [("one", text(&one)), ("list", Value::List(items))];
                let args = ["{one}", "--x={one}.", "{list}", "{{one}}"];
                let mut wanted = vec![one.clone(), format!("--x={one}.")];
                wanted.extend(list);
                wanted.push("{one}".into());
                prop_assert_eq!(delivered(&command, &args, &values), wanted);
                Ok(())
            },
        )
        .unwrap();
}

#[test]
fn a_hundred_kilobytes_arrive() {
    let long = "0123456789'$(id)`{x} é\n".repeat(100_000 / 24 + 1);
    assert!(long.len() >= 100_000);
    let found = delivered(&Command::new(), &["{long}"], &[("long", text(&long))]);
    assert_eq!(found, [long]);
}

#[test]
fn a_system_program_takes_them_too() {
    let command = Command::new();
    let value = "$(id) `id` \"; id #\n{x} 漢字";
    let values = [(parameter("word"), text(value))].into();
    let job = run_of(Path::new("/bin/echo"), vec![text("<{word}>")], values);
    let output = Output::new(1_000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .unwrap()
        .block_on(command.connector.run(&job, &NO_SECRETS, &output));
    assert_eq!(ended, Ended::Succeeded { exit: Some(0) });
    assert_eq!(output.bytes(), format!("<{value}>\n").into_bytes());
}
