//! Schedules in cron's five fields.

use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::scalar::{Malformed, scalar};

/// The form of one field, a list of values, ranges and steps, by the form of one value.
macro_rules! field {
    ($value:literal) => {
        concat!(
            ",*([*?]|",
            $value,
            "(-",
            $value,
            ")?)(/0*[1-9][0-9]{0,8})?",
            "(,+([*?]|",
            $value,
            "(-",
            $value,
            ")?)(/0*[1-9][0-9]{0,8})?)*,*"
        )
    };
}

scalar!(
    /// A schedule in cron's five fields, as Kubernetes reads them: lists, ranges, steps, names in
    /// either case. Three things that Kubernetes takes are refused, since they cannot be meant: a
    /// field of commas alone, which is never due, `*-5`, which is `*`, and `+5`. So are `TZ=` and
    /// `@every`, which would leave the platform's time.
    Cron, 1..=100,
    concat!(
        r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[ \t]*",
        field!("0*[1-5]?[0-9]"), r"[ \t]+",
        field!("0*(1?[0-9]|2[0-3])"), r"[ \t]+",
        field!("0*([1-9]|[12][0-9]|3[01])"), r"[ \t]+",
        field!("(0*([1-9]|1[0-2])|[jJ][aA][nN]|[fF][eE][bB]|[mM][aA][rR]|[aA][pP][rR]|[mM][aA][yY]|[jJ][uU][nNlL]|[aA][uU][gG]|[sS][eE][pP]|[oO][cC][tT]|[nN][oO][vV]|[dD][eE][cC])"), r"[ \t]+",
        field!("(0*[0-6]|[sS][uU][nN]|[mM][oO][nN]|[tT][uU][eE]|[wW][eE][dD]|[tT][hH][uU]|[fF][rR][iI]|[sS][aA][tT])"), r"[ \t]*)$"
    ),
    "five cron fields such as 30 2 * * 1-5 (minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-6, ranges upwards), or @daily and its kin; the time zone is Asia/Shanghai",
    ranges_run_upwards,
    "self.upperAscii().replace('SUN', '0').replace('MON', '1').replace('TUE', '2').replace('WED', '3').replace('THU', '4').replace('FRI', '5').replace('SAT', '6').replace('JAN', '1').replace('FEB', '2').replace('MAR', '3').replace('APR', '4').replace('MAY', '5').replace('JUN', '6').replace('JUL', '7').replace('AUG', '8').replace('SEP', '9').replace('OCT', '10').replace('NOV', '11').replace('DEC', '12').findAll('[0-9]+-[0-9]+').all(range, int(range.split('-')[0]) <= int(range.split('-')[1]))"
);

/// Whether no range ends before it begins: Kubernetes does not go round, not even from FRI to MON.
/// All else is known from the form.
fn ranges_run_upwards(cron: &str) -> bool {
    let ranges = cron.split([' ', '\t', ',']).filter_map(|part| part.split('/').next()?.split_once('-'));
    ranges.map(|(first, last)| (number(first), number(last))).all(|(first, last)| first <= last)
}

/// A value as a number, be it one or the name of a weekday or month.
fn number(value: &str) -> Option<usize> {
    const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let named = |name: &&str| name.eq_ignore_ascii_case(value);
    let name = || WEEKDAYS.iter().position(named).or_else(|| Some(MONTHS.iter().position(named)? + 1));
    value.parse().ok().or_else(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_reads_is_taken() {
        for right in [
            "30 2 * * *",
            "@daily",
            "*/15 0-6,22 1 JAN-MAR MON-FRI",
            "0 0 ? * ?",
            "59 23 31 12 6",
            "00 007 01 01 00",
            "5/15 * * jan/2 mon/2",
            "0-30/5 */100 1-31/2 1-12 0-6",
            "1,,2 ,3 4, * *",
            "  0\t0  1 1 * ",
            "0 0 * 1-MAR MON-5",
            "1-1 * * * sat",
        ] {
            assert!(Cron::try_from(right.to_owned()).is_ok(), "{right}");
        }
    }

    #[test]
    fn what_is_never_due_is_refused() {
        for wrong in [
            "99 2 * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * 0 *",
            "* * * * 7",
            "x y z / ,",
            ", * * * *",
            "5-1 * * * *",
            "* * * * FRI-MON",
            "* * * DEC-1 *",
            "*/0 * * * *",
            "*-5 * * * *",
            "1-2-3 * * * *",
            "1/2/3 * * * *",
            "MON * * * *",
            "* * * MON *",
            "+5 * * * *",
            "* * * *",
            "0 * * * * *",
            "@every 5m",
            "TZ=UTC 0 2 * * *",
            "@Daily",
        ] {
            assert!(Cron::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
