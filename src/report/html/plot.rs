//! Plots as inline SVG: bars with their numbers in text, drawn narrow enough for a phone.
//!
//! In: labels and numbers. Out: SVG with a title and a description, and nothing that a screen reader would lose: every number stands in
//! a table beside it. Coordinates are whole numbers, so that the same figures give the same bytes.

use maud::{Markup, html};

use super::super::terminal::grouped;

/// Width of the drawing in its own units; at this width its text has 11 pixels.
const WIDTH: u64 = 340;

/// A part of a length, at least one unit for what is not nothing.
fn length(part: u64, most: u64, whole: u64) -> u64 {
    match (part, most) {
        (0, _) | (_, 0) => 0,
        _ => u64::try_from(u128::from(part) * u128::from(whole) / u128::from(most)).unwrap_or(whole).max(1),
    }
}

/// A text that fits: what is longer ends with an ellipsis.
fn short(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    text.chars().take(characters.saturating_sub(1)).chain(['\u{2026}']).collect()
}

/// A bar of a plot; the last may stand for all that have none of their own.
pub struct Bar {
    /// What it is about.
    pub label: String,
    /// How long it is.
    pub number: u64,
    /// Whether it stands for several.
    pub rest: bool,
}

/// Horizontal bars, the label above each.
pub fn bars(id: &str, title: &str, description: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|bar| bar.number).max().unwrap_or_default();
    let height = 34 * bars.len() as u64 + 2;
    html! {
        div class="plot" {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby={ (id) "-t " (id) "-d" } {
                title id={ (id) "-t" } { (title) }
                desc id={ (id) "-d" } { (description) }
                @for (n, bar) in bars.iter().enumerate() {
                    @let y = 34 * n as u64;
                    text x="0" y=(y + 13) { (short(&bar.label, 44)) }
                    text class="quiet" x=(WIDTH) y=(y + 13) text-anchor="end" { (grouped(bar.number)) }
                    rect class=(if bar.rest { "rest" } else { "bar" }) x="0" y=(y + 18) width=(length(bar.number, most, WIDTH)) height="9" rx="2" {}
                }
            }
        }
    }
}

/// Upright bars, one for each step of a scale.
pub fn columns(id: &str, title: &str, description: &str, columns: &[(String, u64)]) -> Markup {
    const HEIGHT: u64 = 130;
    let most = columns.iter().map(|(_, number)| *number).max().unwrap_or_default();
    let step = WIDTH / (columns.len() as u64).max(1);
    html! {
        div class="plot" {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 40) } role="img" aria-labelledby={ (id) "-t " (id) "-d" } {
                title id={ (id) "-t" } { (title) }
                desc id={ (id) "-d" } { (description) }
                @for (n, (label, number)) in columns.iter().enumerate() {
                    @let tall = length(*number, most, HEIGHT);
                    @let middle = step * n as u64 + step / 2;
                    rect class="bar" x=(step * n as u64 + 2) y=(HEIGHT + 16 - tall) width=(step - 4) height=(tall) rx="2" {}
                    @if *number > 0 { text x=(middle) y=(HEIGHT + 12 - tall) text-anchor="middle" { (grouped(*number)) } }
                    text class="quiet step" x=(middle) y=(HEIGHT + 31) text-anchor="middle" { (label) }
                }
                line class="axis" x1="0" y1=(HEIGHT + 16) x2=(WIDTH) y2=(HEIGHT + 16) {}
            }
        }
    }
}

/// A bar beside a share that stands in text next to it.
pub fn share(part: u64, whole: u64) -> Markup {
    html! {
        svg class="fill" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect class="rest" x="0" y="0" width="100" height="10" {}
            rect class="bar" x="0" y="0" width=(length(part, whole, 100)) height="10" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_proportion_and_nothing_that_is_there_vanishes() {
        assert_eq!([length(0, 10, 100), length(5, 10, 100), length(10, 10, 100)], [0, 50, 100]);
        assert_eq!(length(1, 1_000_000, 100), 1);
        assert_eq!(length(u64::MAX, u64::MAX, 340), 340);
        assert_eq!(length(3, 0, 340), 0);
    }

    #[test]
    fn labels_are_cut_by_characters_and_escaped() {
        assert_eq!(short("Grundschule S\u{fc}d", 15), "Grundschule S\u{fc}d");
        assert_eq!(short("Grundschule S\u{fc}d", 14).chars().count(), 14);
        let bar = Bar { label: "<b>".into(), number: 1, rest: false };
        let drawn = bars("x", "t", "d", &[bar]).into_string();
        assert!(drawn.contains("&lt;b&gt;") && !drawn.contains("<b>"), "{drawn}");
    }
}
