//! What a process costs, by what the kernel says of it.
//!
//! In: nothing. Out: seconds of processor, bytes of memory, the machine's load. Zero where there is no `/proc`.

use std::time::Instant;

use super::Outcome;

/// User and system time of this process so far, in seconds.
pub fn processor_seconds() -> (f64, f64) {
    // Linux counts in hundredths of a second here, whatever its clock.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name, may hold spaces; 11 fields lie between it and the user time.
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11);
    let mut next = || fields.next().and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
    (next(), next())
}

/// The most memory that this process ever held, in bytes.
pub fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The load of the last minute.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Something with its wall and processor seconds.
pub fn timed<T>(act: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64, f64)> {
    let (start, (user, system)) = (Instant::now(), processor_seconds());
    let result = act()?;
    let wall = start.elapsed().as_secs_f64();
    let (user_now, system_now) = processor_seconds();
    Ok((result, wall, user_now - user + system_now - system))
}
