//! The chart as a picture.

use std::fmt::Write;

use super::Series;
use super::scale::Scale;
use crate::print::visible;

/// How every picture of ours begins, by which it is known.
pub(super) const BEGINNING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ledger\"";

const WIDTH: i128 = 1_600;
const HEIGHT: i128 = 800;
/// On the left, where the sums stand.
const LEFT: i128 = 200;
/// On the other sides.
const EDGE: i128 = 70;

/// An SVG of its own: a line that steps at each entry, round sums on the left, the first and the last day below.
pub(super) fn draw(series: &Series) -> String {
    let scale = Scale::of(series, 6);
    let title = format!(
        "balance of {}, {} to {}",
        visible(&series.account),
        series.first,
        series.last
    );
    let title = escaped(&title);
    let mut svg = format!(
        "{BEGINNING} viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\" \
         font-family=\"sans-serif\" font-size=\"26\">\n\
         <title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"45\">{title}</text>\n"
    );
    // Writing to a string can't fail.
    for tick in scale.ticks() {
        let at = y(scale.depth(tick.0, HEIGHT - 2 * EDGE));
        let colour = if tick.0 == 0 { "#666" } else { "#ddd" };
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at}H{}\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
            WIDTH - EDGE,
            LEFT - 15,
            at + 9
        );
    }
    for (anchor, x, day) in [
        ("start", LEFT, series.first),
        ("end", WIDTH - EDGE, series.last),
    ] {
        let below = HEIGHT - EDGE + 45;
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{below}\" text-anchor=\"{anchor}\">{day}</text>"
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"{}\" fill=\"none\" stroke=\"#0b62a4\" stroke-width=\"4\"/>\n</svg>",
        line(series, &scale)
    );
    svg
}

fn y(depth: i128) -> i128 {
    EDGE + depth
}

/// Across as long as the balance stays, then up or down.
fn line(series: &Series, scale: &Scale) -> String {
    let points = series.balances.len().max(1) as i128;
    let mut path = String::new();
    let mut before = None;
    for (index, balance) in series.balances.iter().enumerate() {
        let Some(balance) = balance else { continue };
        let x = LEFT + index as i128 * (WIDTH - EDGE - LEFT) / points;
        let at = y(scale.depth_of(*balance, HEIGHT - 2 * EDGE));
        let _ = match before {
            None => write!(path, "M{x} {at}"),
            Some(before) if before != at => write!(path, "H{x}V{at}"),
            Some(_) => Ok(()),
        };
        before = Some(at);
    }
    if before.is_some() {
        let _ = write!(path, "H{}", WIDTH - EDGE);
    }
    path
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
