//! Who gets what, and what becomes of what was given, in single steps.

use super::super::*;
use super::figures;

fn claim(name: &str, second: i64, cpu: i64) -> Claim {
    Claim {
        name: name.to_owned(),
        id: Some(format!("id-{name}")),
        created: jiff::Timestamp::from_second(second).ok(),
        asked: Some(figures([cpu, 0])),
        held: None,
        noted: None,
    }
}

fn given(shares: &Shares) -> Vec<(&str, String)> {
    shares.iter().map(|(name, share)| (name.as_str(), share.amounts.cpu.to_string())).collect()
}

#[test]
fn the_earlier_comes_first_and_a_large_one_holds_up_nobody() {
    let claims = [claim("b", 1, 4), claim("a", 1, 4), claim("large", 0, 20), claim("late", 2, 4), claim("last", 3, 2)];
    let mut shares = Shares::new();
    rise(&mut shares, figures([0, 0]), figures([10, 0]), &claims);
    assert_eq!(given(&shares), [("a", "4".to_owned()), ("b", "4".to_owned()), ("last", "2".to_owned())]);
}

#[test]
fn what_was_given_stays_when_an_older_one_asks_for_more() {
    let mut shares = Shares::new();
    rise(&mut shares, figures([2, 0]), figures([10, 0]), &[claim("old", 1, 4), claim("young", 2, 4)]);
    rise(&mut shares, figures([2, 0]), figures([10, 0]), &[claim("old", 1, 8), claim("young", 2, 4)]);
    assert_eq!(given(&shares), [("old", "4".to_owned()), ("young", "4".to_owned())]);
}

#[test]
fn a_lost_record_is_made_again_before_anybody_new_gets_anything() {
    let total = figures([8, 0]);
    let held = Some(Held { total, own: total, round: 3 });
    let stood = Claim { held, ..claim("stood", 9, 8) };
    let noted = Claim { noted: Some(figures([1, 0])), ..claim("noted", 9, 1) };
    let below = Below { claims: vec![claim("new", 1, 8), stood, noted], ..Default::default() };
    let asked = Asked { total: figures([10, 0]), own: Figures::ZERO };
    let settled = settle(&asked, &Source::Itself, &Book::default(), None, &below);
    assert_eq!(given(&settled.shares), [("noted", "1".to_owned()), ("stood", "8".to_owned())]);
    assert_eq!(settled.shares["stood"].round, 3);
}

#[test]
fn a_namesake_inherits_nothing_and_remains_are_charged() {
    let share = Share { id: "gone".to_owned(), amounts: figures([4, 4]), round: 0 };
    let shares = Shares::from([("same".to_owned(), share)]);
    let remains = Remains { id: "gone".to_owned(), amounts: figures([1, 0]) };
    let charged = Below { remains: [("same".to_owned(), remains)].into(), ..Default::default() };
    assert_eq!(given(&release(&shares, &charged)), [("same", "1".to_owned())]);
    let namesake = Below { claims: vec![Claim { asked: None, ..claim("same", 1, 4) }], ..Default::default() };
    assert!(release(&shares, &namesake).is_empty());
    let unreadable = Below { claims: vec![Claim { id: None, ..claim("same", 1, 4) }], ..Default::default() };
    assert_eq!(given(&release(&shares, &unreadable)), [("same", "4".to_owned())]);
}

/// After a restore more may be found than there is: nobody loses what runs, and nobody gets more.
#[test]
fn what_is_found_beyond_the_limit_is_kept_and_nobody_gets_more() {
    let found = |name, cpu| {
        let total = figures([cpu, 0]);
        Claim { held: Some(Held { total, own: total, round: 0 }), ..claim(name, 1, cpu + 1) }
    };
    let below = Below { claims: vec![found("a", 8), found("b", 7), claim("new", 2, 1)], ..Default::default() };
    let asked = Asked { total: figures([10, 0]), own: figures([2, 0]) };
    for source in [Source::Itself, Source::Parent(Share { id: "id".to_owned(), amounts: figures([10, 0]), round: 0 })] {
        let settled = settle(&asked, &source, &Book::default(), None, &below);
        assert_eq!(given(&settled.shares), [("a", "8".to_owned()), ("b", "7".to_owned())]);
        assert_eq!((settled.hard, settled.held.own), (Figures::ZERO, Figures::ZERO), "nor does it itself");
        assert_eq!(settled.held.total, figures([15, 0]), "own and shares stay within the total");
        assert!(settled.over && settled.own == Some(Trouble::NoRoom), "and it is said");
    }
}
