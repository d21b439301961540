//! stub of the page
use super::Report;
/// The page.
pub fn page(_report: &Report) -> String {
    String::new()
}
