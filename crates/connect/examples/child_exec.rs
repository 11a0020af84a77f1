//! Stands in for the real binary: `child_exec child-exec keep|become …`.

fn main() -> std::process::ExitCode {
    let error = writ_connect::child::exec(std::env::args_os().skip(2));
    eprintln!("{error}");
    std::process::ExitCode::from(126)
}
