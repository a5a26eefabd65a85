//! Rows in columns, of which only a window is visible.

/// The first row of a window of `height` rows in which `index` of `len` rows is visible, moved as little as possible from `top`.
#[must_use]
pub fn window(top: usize, index: usize, height: usize, len: usize) -> usize {
    if height == 0 {
        return index.min(len.saturating_sub(1));
    }
    let top = top.min(len.saturating_sub(height));
    if index < top {
        index
    } else if index >= top + height {
        index + 1 - height
    } else {
        top
    }
}

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// What it needs to show whole what is in it now, in cells.
    pub wants: u16,
    /// At least.
    pub least: u16,
    /// At most.
    pub most: u16,
}

impl Column {
    /// A column of this width, whatever is in it.
    #[must_use]
    pub const fn fixed(width: u16) -> Self {
        Column { wants: width, least: width, most: width }
    }
}

/// The widths of columns in `room` cells with two blanks between them: what they want, less where there is no room (the
/// widest gives first), and the last one takes the rest. A column that would get less than its least is left out: width 0.
#[must_use]
pub fn fit(room: u16, columns: &[Column]) -> Vec<u16> {
    let mut widths: Vec<u16> = columns.iter().map(|c| c.wants.clamp(c.least, c.most)).collect();
    let taken = |widths: &[u16]| -> u32 { widths.iter().filter(|w| **w > 0).map(|w| u32::from(*w) + 2).sum::<u32>().saturating_sub(2) };
    while taken(&widths) > u32::from(room) {
        let spare = (0..widths.len()).filter(|i| widths[*i] > columns[*i].least).max_by_key(|i| widths[*i] - columns[*i].least);
        // Where nothing gives any more, the last one but the first goes.
        let last = (1..widths.len()).rev().find(|i| widths[*i] > 0);
        match (spare, last) {
            (Some(i), _) => widths[i] -= 1,
            (None, Some(i)) => widths[i] = 0,
            (None, None) => {
                widths[0] = room;
                break;
            }
        }
    }
    let left = u32::from(room).saturating_sub(taken(&widths));
    if let Some(last) = widths.iter_mut().rev().find(|w| **w > 0) {
        *last += u16::try_from(left).unwrap_or(0);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_moves_no_further_than_it_must() {
        for (top, index, height, len, expected) in [
            (0, 0, 10, 100, 0),
            (0, 9, 10, 100, 0),
            (0, 10, 10, 100, 1),
            (50, 45, 10, 100, 45),
            (50, 55, 10, 100, 50),
            (95, 99, 10, 100, 90),
            (95, 5, 10, 8, 0),
            (3, 0, 0, 5, 0),
            (0, 0, 10, 0, 0),
        ] {
            assert_eq!(window(top, index, height, len), expected, "{top} {index} {height} {len}");
        }
    }

    #[test]
    fn columns_give_way_in_turn_and_the_last_takes_the_rest() {
        let columns = [Column { wants: 20, least: 8, most: 30 }, Column::fixed(10), Column { wants: 50, least: 10, most: 999 }];
        assert_eq!(fit(100, &columns), [20, 10, 66]);
        assert_eq!(fit(60, &columns), [20, 10, 26]);
        assert_eq!(fit(40, &columns), [12, 10, 14]);
        assert_eq!(fit(20, &columns), [8, 10, 0]);
        assert_eq!(fit(5, &columns), [5, 0, 0]);
    }

    proptest! {
        #[test]
        fn columns_never_take_more_than_there_is(room in 0u16..300, wants in prop::collection::vec((0u16..90, 0u16..30), 0..8)) {
            let columns: Vec<Column> = wants.iter().map(|(w, l)| Column { wants: *w, least: *l, most: 60.max(*l) }).collect();
            let widths = fit(room, &columns);
            let used: u32 = widths.iter().filter(|w| **w > 0).map(|w| u32::from(*w) + 2).sum::<u32>().saturating_sub(2);
            prop_assert!(used <= u32::from(room), "{widths:?}");
        }

        #[test]
        fn the_cursor_is_always_in_the_window(top in 0usize..200, index in 0usize..200, height in 1usize..50, len in 1usize..200) {
            let index = index.min(len - 1);
            let top = window(top, index, height, len);
            prop_assert!(top <= index && index < top + height);
            prop_assert!(top == 0 || top + height <= len || top == index);
        }
    }
}
