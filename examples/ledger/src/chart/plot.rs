//! The chart as lines of a terminal.

use super::Series;
use super::scale::Scale;

/// Lines of at most `width` characters; `height` of them show the balance.
pub(super) fn draw(series: &Series, width: usize, height: usize) -> Vec<String> {
    let steps = (height - 1) / 2;
    let scale = Scale::of(series, steps as i128);
    let labels: Vec<(usize, String)> = (scale.ticks())
        .map(|tick| {
            (
                row(scale.depth(tick.0, height as i128 - 1)),
                tick.to_string(),
            )
        })
        .collect();
    let margin = labels
        .iter()
        .map(|(_, label)| label.len())
        .max()
        .unwrap_or(0);
    let columns = width.saturating_sub(margin + 2).max(10);
    let grid = grid(series, &scale, columns, height);
    let mut lines: Vec<String> = (grid.iter().enumerate())
        .map(|(row, cells)| {
            let label = labels.iter().find(|(at, _)| *at == row);
            let (label, axis) = label.map_or(("", '│'), |(_, label)| (label, '┤'));
            let cells: String = cells.iter().collect();
            format!("{label:>margin$} {axis}{}", cells.trim_end())
        })
        .collect();
    let (first, last) = (series.first.to_string(), series.last.to_string());
    let room = columns.saturating_sub(first.len());
    lines.push(format!("{:margin$} └{}", "", "─".repeat(columns)));
    lines.push(format!("{:margin$}  {first}{last:>room$}", ""));
    lines
}

fn row(depth: i128) -> usize {
    usize::try_from(depth).unwrap_or_default()
}

/// The characters of the drawing: a line that steps at each entry, and dots where nothing is owed and nothing there is.
fn grid(series: &Series, scale: &Scale, columns: usize, height: usize) -> Vec<Vec<char>> {
    let mut grid = vec![vec![' '; columns]; height];
    let depth = height as i128 - 1;
    let zero = row(scale.depth(0, depth));
    grid[zero].fill('┈');
    let mut before = None;
    for column in 0..columns {
        let points = series.balances[shown(series, column, columns)].iter();
        let mut rows = (points.flatten()).map(|balance| row(scale.depth_of(*balance, depth)));
        let (high, low) = (rows.clone().min(), rows.clone().max());
        let (Some(high), Some(low), Some(last)) = (high, low, rows.next_back()) else {
            continue;
        };
        let begun = before.unwrap_or(last);
        for line in &mut grid[high.min(begun)..=low.max(begun)] {
            line[column] = '│';
        }
        let within = |row: usize| high.min(begun) < row && row < low.max(begun);
        if begun == last && high == low {
            grid[last][column] = '─';
        } else if begun != last {
            let falls = last > begun;
            if !within(begun) {
                grid[begun][column] = if falls { '╮' } else { '╯' };
            }
            if !within(last) {
                grid[last][column] = if falls { '╰' } else { '╭' };
            }
        }
        before = Some(last);
    }
    grid
}

/// Which points a column shows: several where they are many, and one in several columns where they are few.
fn shown(series: &Series, column: usize, columns: usize) -> std::ops::Range<usize> {
    let points = series.balances.len();
    let first = column * points / columns;
    let end = ((column + 1) * points / columns).max(first + 1);
    first..end.min(points)
}
