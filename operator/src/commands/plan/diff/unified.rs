//! A unified difference of two texts, as `diff -u` writes it.

/// How many lines stand around what differs.
const AROUND: usize = 3;
/// Longer texts are compared from their ends only: the table of a million pairs would be large.
const LONGEST: usize = 2_000;

#[derive(Clone, Copy, PartialEq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The lines in which two texts differ, each hunk under its header; nothing where they are equal.
pub fn unified(before: &str, after: &str) -> String {
    let lines = lines(&before.lines().collect::<Vec<_>>(), &after.lines().collect::<Vec<_>>());
    let mut text = String::new();
    let (mut old, mut new, mut at) = (1, 1, 0);
    for (from, to) in hunks(&lines) {
        for line in &lines[at..from] {
            advance(*line, &mut old, &mut new);
        }
        let (first_old, first_new) = (old, new);
        let mut body = String::new();
        for line in &lines[from..to] {
            advance(*line, &mut old, &mut new);
            let (sign, line) = match line {
                Line::Same(line) => (' ', line),
                Line::Gone(line) => ('-', line),
                Line::New(line) => ('+', line),
            };
            body.push_str(&format!("{sign}{line}\n"));
        }
        text.push_str(&format!("@@ -{first_old},{} +{first_new},{} @@\n{body}", old - first_old, new - first_new));
        at = to;
    }
    text
}

fn advance(line: Line, old: &mut usize, new: &mut usize) {
    *old += usize::from(!matches!(line, Line::New(_)));
    *new += usize::from(!matches!(line, Line::Gone(_)));
}

/// From where to where lines belong together, with what stands around them.
fn hunks(lines: &[Line]) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| !matches!(line, Line::Same(_))) {
        let (from, to) = (at.saturating_sub(AROUND), (at + 1 + AROUND).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => hunks.push((from, to)),
        }
    }
    hunks
}

/// Every line of both, the common ones once: by the longest common subsequence of what lies between
/// the common beginning and the common end.
fn lines<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let begin = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[begin..], &new[begin..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (mid_old, mid_new) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
    let mut all: Vec<Line> = old[..begin].iter().map(|line| Line::Same(line)).collect();
    all.extend(middle(mid_old, mid_new));
    all.extend(old_rest[old_rest.len() - end..].iter().map(|line| Line::Same(line)));
    all
}

fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    if old.len() > LONGEST || new.len() > LONGEST {
        let gone = old.iter().map(|line| Line::Gone(line));
        return gone.chain(new.iter().map(|line| Line::New(line))).collect();
    }
    // How long the longest common subsequence of what follows is, for each pair of places.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for (at, line) in old.iter().enumerate().rev() {
        for (other, theirs) in new.iter().enumerate().rev() {
            common[at][other] = match line == theirs {
                true => common[at + 1][other + 1] + 1,
                false => common[at + 1][other].max(common[at][other + 1]),
            };
        }
    }
    let (mut at, mut other, mut all) = (0, 0, Vec::new());
    while at < old.len() || other < new.len() {
        if at < old.len() && other < new.len() && old[at] == new[other] {
            all.push(Line::Same(old[at]));
            (at, other) = (at + 1, other + 1);
        } else if other == new.len() || (at < old.len() && common[at + 1][other] >= common[at][other + 1]) {
            all.push(Line::Gone(old[at]));
            at += 1;
        } else {
            all.push(Line::New(new[other]));
            other += 1;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_diff_writes_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n";
        let after = "a\nb\nC\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n";
        let wanted = "@@ -1,6 +1,6 @@\n a\n b\n-c\n+C\n d\n e\n f\n@@ -10,3 +10,4 @@\n j\n k\n l\n+m\n";
        assert_eq!(unified(before, after), wanted);
        assert_eq!(unified(before, before), "");
        assert_eq!(unified("", "a\n"), "@@ -1,0 +1,1 @@\n+a\n");
    }
}
