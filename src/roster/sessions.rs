//! Academic sessions: school years, sessions and grading periods (mapping.md section 3).
//!
//! In: staged sessions and calendars, exported organizations. Out: [`Sessions`] in the order of
//! academicSessions.csv, and the window of each LEA's school year, which tells undated school associations
//! of the year from others. Dates here are Ed-Fi's inclusive ones; the emitter turns ends into OneRoster's.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{SourcedId, YearOf};

use super::answers::{Answers, Known};
use super::clean::clean;
use super::context::Context;
use super::fate::Fate;
use super::orgs::Orgs;

/// A session, grading period or school year has no usable dates.
pub static SESSION_DATES: Code = Code {
    code: "session-dates-unusable",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "academicSessions",
    summary: "A session ends before it begins, or lacks a date that OneRoster requires: it is left out, with what hangs on it.",
    remedy: "Correct the dates of the session or grading period.",
};
/// A school year was widened beyond its calendars.
pub static YEAR_WIDENED: Code = Code {
    code: "school-year-widened",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "academicSessions",
    summary: "The instructional days of the calendars do not cover the sessions: the school year was widened to cover them.",
    remedy: "Complete the calendars, or correct the dates of the sessions.",
};
/// No calendar gives a school year its dates.
pub static YEAR_FROM_SESSIONS: Code = Code {
    code: "school-year-from-sessions",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "academicSessions",
    summary: "No calendar has instructional days: the school year has the dates of its sessions.",
    remedy: "Nothing, or record the calendars with their events.",
};
/// A term has no crosswalk answer.
pub static TERM_UNMAPPED: Code = Code {
    code: "term-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "academicSessions",
    summary: "A term is not in the crosswalk: its sessions are of type `term`.",
    remedy: "Add the term to xwalk_oneroster_academic_sessions_types.csv.",
};
/// A session is itself a school year.
pub static YEAR_UNDER_YEAR: Code = Code {
    code: "school-year-under-school-year",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "academicSessions",
    summary: "The crosswalk makes a session a schoolYear: its parent is left blank, since a school year hangs under none.",
    remedy: "Map the term to `term` or `semester` if it should hang under the LEA's school year.",
};

/// Schools without an LEA share a school year.
pub static YEAR_WITHOUT_LEA: Code = Code {
    code: "school-year-shared",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "academicSessions",
    summary: "Several schools have no LEA: under id scheme `edfi-oneroster` they have one school year together, which covers the years of all of them.",
    remedy: "Record the LEA of each school. Id schemes `edu` and `stable` give each of them its own.",
};

/// What a row of academicSessions.csv stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionKey {
    /// The school year of an LEA (or of a school that stands in).
    Year,
    /// An Ed-Fi session, by name as stored.
    Session {
        /// sessionName.
        name: String,
    },
    /// A grading period.
    GradingPeriod {
        /// Code value of the grading period descriptor.
        period: String,
        /// gradingPeriodName or sequence.
        name: String,
    },
}

/// One row of academicSessions.csv.
#[derive(Debug, Clone)]
pub struct Session {
    /// LEA that takes part in the order of the file and in the year's key.
    pub lea: i64,
    /// School; a year has none.
    pub school: Option<i64>,
    /// What it stands for.
    pub key: SessionKey,
    /// Title as written.
    pub title: String,
    /// Word of the session type vocabulary.
    pub kind: &'static str,
    /// First day.
    pub begin: Day,
    /// Last day, inclusive.
    pub end: Day,
    /// Row of the parent.
    pub parent: Option<u32>,
    /// Its id.
    pub sourced_id: SourcedId,
    /// Whether it is exported.
    pub fate: Fate,
}

impl Session {
    /// Its natural key for people.
    pub fn label(&self) -> String {
        let school = self.school.unwrap_or(self.lea);
        match &self.key {
            SessionKey::Year => format!("school year of {}", self.lea),
            SessionKey::Session { name } => format!("session {school} {name}"),
            SessionKey::GradingPeriod { period, name } => format!("grading period {school} {period} {name}"),
        }
    }
}

/// First and last day of an LEA's school year, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
}

impl Window {
    /// Whether a span of days has a day in common with the year; an absent end is open.
    pub fn overlaps(self, begin: Option<Day>, end: Option<Day>) -> bool {
        begin.is_none_or(|day| day <= self.last) && end.is_none_or(|day| day >= self.first)
    }
}

/// Academic sessions in output order.
#[derive(Debug, Default)]
pub struct Sessions {
    /// Sorted by (LEA, school year first, school, begin, name); rows that are not exported included.
    pub rows: Vec<Session>,
    years: FxHashMap<i64, u32>,
    of_staged: Vec<u32>,
    of_period: Vec<u32>,
    windows: BTreeMap<i64, Window>,
}

impl Sessions {
    /// The school-year row of an LEA.
    pub fn year(&self, lea: i64) -> Option<u32> {
        self.years.get(&lea).copied()
    }

    /// LEAs, and schools that stand in for one, each with the row of its school year; in no order.
    pub fn years(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.years.iter().map(|(&lea, &row)| (lea, row))
    }

    /// The row of a staged session.
    pub fn of_staged(&self, session: u32) -> Option<u32> {
        self.of_staged.get(session as usize).copied()
    }

    /// The row of a staged grading period; none when the plan does not write them.
    pub fn of_grading_period(&self, period: u32) -> Option<u32> {
        self.of_period.get(period as usize).copied()
    }

    /// The dates of an LEA's school year, exported or not.
    pub fn window(&self, lea: i64) -> Option<Window> {
        self.windows.get(&lea).copied()
    }

    pub(super) fn build(ctx: &mut Context<'_>, orgs: &Orgs) -> Sessions {
        let windows = windows(ctx, orgs);
        let (mut rows, years) = year_rows(ctx, orgs, &windows);
        // Numbers below are places in `rows` before sorting; `moved` translates them afterwards.
        let mut sessions = Sessions { years, windows, ..Sessions::default() };
        let staged_at = session_rows(ctx, orgs, &sessions, &mut rows);
        if ctx.plan.mapping.writes_grading_periods() {
            sessions.of_period = grading_period_rows(ctx, orgs, &sessions, &staged_at, &mut rows);
        }
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by(|&x, &y| {
            let key = |n: u32| {
                let s = &rows[n as usize];
                let name = match &s.key {
                    SessionKey::Year => "",
                    SessionKey::Session { name } | SessionKey::GradingPeriod { name, .. } => name.as_str(),
                };
                (s.lea, s.school, s.begin, name, s.sourced_id)
            };
            key(x).cmp(&key(y))
        });
        let mut moved = vec![0u32; rows.len()];
        for (new, &old) in order.iter().enumerate() {
            moved[old as usize] = new as u32;
        }
        sessions.years.values_mut().for_each(|n| *n = moved[*n as usize]);
        sessions.of_period.iter_mut().for_each(|n| *n = moved[*n as usize]);
        sessions.of_staged = staged_at.into_iter().map(|n| moved[n as usize]).collect();
        sessions.rows = order.into_iter().map(|n| rows[n as usize].clone()).collect();
        for session in &mut sessions.rows {
            session.parent = session.parent.map(|n| moved[n as usize]);
        }
        sessions
    }
}

/// `title` of a school year: `2023-2024` for 2024.
fn year_title(year: i16) -> String {
    format!("{}-{}", i32::from(year) - 1, year)
}

/// The window of each LEA: modal first and last instructional day, widened to cover the sessions.
fn windows(ctx: &mut Context<'_>, orgs: &Orgs) -> BTreeMap<i64, Window> {
    let bounds = school_bounds(ctx);
    let mut by_lea: BTreeMap<i64, Vec<Window>> = BTreeMap::new();
    for (&school, &window) in &bounds {
        by_lea.entry(orgs.lea_of(school)).or_default().push(window);
    }
    let mut sessions: BTreeMap<i64, Window> = BTreeMap::new();
    for session in &ctx.staged.time.sessions {
        if let (Some(first), Some(last)) = (session.begin, session.end)
            && first <= last
            && last <= Day::LAST
        {
            let window = sessions.entry(orgs.lea_of(session.school)).or_insert(Window { first, last });
            *window = Window { first: window.first.min(first), last: window.last.max(last) };
        }
    }
    let mut windows: BTreeMap<i64, Window> =
        by_lea.iter().filter_map(|(&lea, schools)| Some((lea, modal(schools)?))).collect();
    for (lea, covered) in sessions {
        match windows.get_mut(&lea) {
            None => {
                ctx.notices.add(&YEAR_FROM_SESSIONS, &format!("LEA {lea}"), "");
                windows.insert(lea, covered);
            }
            Some(window) => {
                let wide =
                    Window { first: window.first.min(covered.first), last: window.last.max(covered.last) };
                if wide != *window {
                    let cause = format!(
                        "LEA {lea}: calendars say {} to {}, sessions {} to {}",
                        window.first, window.last, covered.first, covered.last
                    );
                    ctx.notices.add(&YEAR_WIDENED, &cause, "");
                    *window = wide;
                }
            }
        }
    }
    windows
}

/// First and last instructional day of each school over all its calendars.
fn school_bounds(ctx: &mut Context<'_>) -> BTreeMap<i64, Window> {
    let staged = ctx.staged;
    let mut events =
        Answers::new(&ctx.crosswalks.calendar_events, &staged.descriptors, |&school_day| school_day);
    let mut bounds: BTreeMap<i64, Window> = BTreeMap::new();
    let same_day = |a: &crate::staging::time::StagedEvent, b: &crate::staging::time::StagedEvent| {
        (a.school, a.day, a.calendar) == (b.school, b.day, b.calendar)
    };
    for day_events in staged.time.events.chunk_by(same_day) {
        let mut school_days = 0;
        for event in day_events {
            school_days += u32::from(events.ask(event.event) == Known::Mapped(true));
        }
        if school_days >= ctx.plan.mapping.school_day_events && day_events[0].day <= Day::LAST {
            let (school, day) = (day_events[0].school, day_events[0].day);
            let window = bounds.entry(school).or_insert(Window { first: day, last: day });
            *window = Window { first: window.first.min(day), last: window.last.max(day) };
        }
    }
    ctx.collect(&events);
    bounds
}

/// The most frequent first and last day; ties: earliest first, latest last; an unordered pair: the widest.
fn modal(schools: &[Window]) -> Option<Window> {
    let mode = |days: &mut dyn Iterator<Item = Day>, latest: bool| {
        let mut counts: BTreeMap<Day, u32> = BTreeMap::new();
        days.for_each(|day| *counts.entry(day).or_default() += 1);
        let rank = |day: Day| if latest { i64::from(day.number()) } else { -i64::from(day.number()) };
        counts.into_iter().max_by_key(|&(day, count)| (count, rank(day))).map(|(day, _)| day)
    };
    let window = Window {
        first: mode(&mut schools.iter().map(|w| w.first), false)?,
        last: mode(&mut schools.iter().map(|w| w.last), true)?,
    };
    if window.first <= window.last {
        return Some(window);
    }
    Some(Window {
        first: schools.iter().map(|w| w.first).min()?,
        last: schools.iter().map(|w| w.last).max()?,
    })
}

/// One year per LEA that has dates and of which something is exported, and the row of each LEA's year.
fn year_rows(
    ctx: &mut Context<'_>,
    orgs: &Orgs,
    windows: &BTreeMap<i64, Window>,
) -> (Vec<Session>, FxHashMap<i64, u32>) {
    let mut rows: Vec<Session> = Vec::new();
    let mut years = FxHashMap::default();
    let mut key = String::new();
    let shares = ctx.keys.scheme().shares_year_without_lea();
    let mut shared: Option<u32> = None;
    for (&lea, window) in windows {
        let fate = match orgs.find(lea) {
            Some(n) => orgs.rows[n as usize].fate,
            None => continue,
        };
        let whose = orgs.year_of(lea);
        ctx.keys.school_year(&mut key, whose);
        let row = Session {
            lea,
            school: None,
            key: SessionKey::Year,
            title: year_title(ctx.plan.school_year),
            kind: "schoolYear",
            begin: window.first,
            end: window.last,
            parent: None,
            sourced_id: SourcedId::of(&key),
            fate,
        };
        let place = match (whose, shared) {
            (YearOf::School(_), Some(place)) if shares => {
                share_year(ctx, &mut rows[place as usize], row);
                place
            }
            _ => {
                rows.push(row);
                rows.len() as u32 - 1
            }
        };
        if let YearOf::School(_) = whose {
            shared = Some(place);
        }
        years.insert(lea, place);
    }
    (rows, years)
}

/// Widens the common year of schools without an LEA to cover one more of them, if that school is exported.
fn share_year(ctx: &mut Context<'_>, shared: &mut Session, other: Session) {
    if !shared.fate.kept() {
        *shared = other;
    } else if other.fate.kept() {
        ctx.notices.add(&YEAR_WITHOUT_LEA, "schools without an LEA", other.lea.to_string());
        shared.begin = shared.begin.min(other.begin);
        shared.end = shared.end.max(other.end);
    }
}

/// Dates as a row needs them, or the fate of a row without.
fn dates(
    ctx: &mut Context<'_>,
    begin: Option<Day>,
    end: Option<Day>,
    label: &str,
) -> Result<(Day, Day), Fate> {
    match (begin, end) {
        (Some(begin), Some(end)) if begin <= end && end <= Day::LAST => Ok((begin, end)),
        _ => {
            let shown = |day: Option<Day>| day.map_or("nothing".to_owned(), |d| d.to_string());
            let cause = format!("{label} runs from {} to {}", shown(begin), shown(end));
            Err(ctx.causes.fate(&SESSION_DATES, cause))
        }
    }
}

fn session_rows(ctx: &mut Context<'_>, orgs: &Orgs, years: &Sessions, rows: &mut Vec<Session>) -> Vec<u32> {
    let staged = ctx.staged;
    let crosswalk = &ctx.crosswalks.terms;
    let mut terms = Answers::new(crosswalk, &staged.descriptors, |&word| word);
    let mut placed = Vec::with_capacity(staged.time.sessions.len());
    let mut key = String::new();
    for session in &staged.time.sessions {
        let lea = orgs.lea_of(session.school);
        let label = format!("session {} {}", session.school, session.name);
        let org_fate = orgs.school(session.school, ctx).err().unwrap_or_default();
        let (dates, date_fate) = match dates(ctx, session.begin, session.end, &label) {
            Ok(dates) => (dates, Fate::KEPT),
            Err(fate) => ((Day::at(0), Day::at(0)), fate),
        };
        let fate = org_fate.or(date_fate);
        let by_name = ctx.crosswalks.terms_by_session_name.then(|| crosswalk.answer("", &session.name));
        let kind = match by_name.and_then(|answer| answer.mapped()) {
            Some(word) => word,
            None => match terms.ask(session.term) {
                Known::Mapped(word) => word,
                Known::Blank | Known::Absent => "term",
                Known::Unknown => {
                    if fate.kept() {
                        ctx.notices.add(&TERM_UNMAPPED, ctx.value(session.term), label.clone());
                    }
                    "term"
                }
            },
        };
        ctx.check_key("session.sessionName", &session.name);
        let mut parent = years.year(lea);
        if kind == "schoolYear" && fate.kept() {
            ctx.notices.add(&YEAR_UNDER_YEAR, ctx.value(session.term), label);
            parent = None;
        }
        ctx.keys.session(&mut key, session.school, &session.name);
        placed.push(rows.len() as u32);
        rows.push(Session {
            lea,
            school: Some(session.school),
            title: session_title(ctx, orgs, session),
            key: SessionKey::Session { name: session.name.clone() },
            kind,
            begin: dates.0,
            end: dates.1,
            parent,
            sourced_id: SourcedId::of(&key),
            fate,
        });
    }
    ctx.collect(&terms);
    placed
}

/// The configured pattern; a session without a term is called by its name.
fn session_title(ctx: &Context<'_>, orgs: &Orgs, session: &crate::staging::time::StagedSession) -> String {
    let name = clean(&session.name);
    let term = clean(ctx.value(session.term));
    let school = orgs.find(session.school).map_or("", |n| orgs.rows[n as usize].name.as_str());
    let title = ctx
        .plan
        .mapping
        .session_title
        .replace("{term}", if term.is_empty() { &name } else { &term })
        .replace("{session}", &name)
        .replace("{year}", &year_title(ctx.plan.school_year))
        .replace("{school}", school);
    match clean(&title) {
        blank if blank.is_empty() => name.into_owned(),
        title => title.into_owned(),
    }
}

fn grading_period_rows(
    ctx: &mut Context<'_>,
    orgs: &Orgs,
    years: &Sessions,
    staged_at: &[u32],
    rows: &mut Vec<Session>,
) -> Vec<u32> {
    let mut key = String::new();
    let mut placed = Vec::with_capacity(ctx.staged.time.grading_periods.len());
    for period in &ctx.staged.time.grading_periods {
        let value = ctx.value(period.period);
        let label = format!("grading period {} {value} {}", period.school, period.name);
        let lea = orgs.lea_of(period.school);
        let org_fate = orgs.school(period.school, ctx).err().unwrap_or_default();
        let (dates, date_fate) = match dates(ctx, period.begin, period.end, &label) {
            Ok(dates) => (dates, Fate::KEPT),
            Err(fate) => ((Day::at(0), Day::at(0)), fate),
        };
        // Under the first exported session that lists it, else under the school year.
        let listed = period
            .sessions
            .iter()
            .filter_map(|&s| staged_at.get(s as usize).copied())
            .find(|&n| rows[n as usize].fate.kept());
        ctx.keys.grading_period(&mut key, period.school, value, &period.name);
        let title = if value.is_empty() { &period.name } else { value };
        placed.push(rows.len() as u32);
        rows.push(Session {
            lea,
            school: Some(period.school),
            title: clean(title).into_owned(),
            key: SessionKey::GradingPeriod { period: value.to_owned(), name: period.name.clone() },
            kind: "gradingPeriod",
            begin: dates.0,
            end: dates.1,
            parent: listed.or_else(|| years.year(lea)),
            sourced_id: SourcedId::of(&key),
            fate: org_fate.or(date_fate),
        });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(first: i32, last: i32) -> Window {
        Window { first: Day::at(first), last: Day::at(last) }
    }

    #[test]
    fn modal_days_have_a_total_order() {
        assert_eq!(modal(&[]), None);
        assert_eq!(modal(&[window(1, 9), window(1, 8), window(2, 9)]), Some(window(1, 9)));
        // Ties: the earliest first day, the latest last day.
        assert_eq!(modal(&[window(3, 9), window(2, 8)]), Some(window(2, 9)));
        // The modes of first and last day contradict each other: the widest pair.
        let schools = [window(10, 12), window(10, 13), window(1, 5), window(2, 5)];
        assert_eq!(modal(&schools), Some(window(1, 13)));
    }

    #[test]
    fn years_are_named_by_both_halves() {
        assert_eq!(year_title(2024), "2023-2024");
    }
}
