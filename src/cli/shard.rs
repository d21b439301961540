//! `--shard`: the share of the tenants that this process exports.
//!
//! In: what the flag says, and the variables that Slurm and Kubernetes give to the tasks of an array. Out: a [`Shard`], or why
//! there is none. The variables are read only when the flag asks for them: a call that happens to run in an array must not
//! lose tenants in silence.

use std::ffi::OsString;

use crate::shard::{MOST, Shard};

/// Why there is no share: what is wrong, and what to do.
pub(super) type NoShard = (String, String);

/// Reads `3/16`, `slurm` or `kubernetes/16`.
pub(super) fn parse(text: &str, environment: &[(OsString, OsString)]) -> Result<Shard, NoShard> {
    let said = |reason: String| format!("--shard {text}: {reason}");
    match text.split_once('/') {
        None if text == "slurm" => slurm(environment).map_err(|(why, help)| (said(why), help)),
        Some(("kubernetes", count)) => {
            kubernetes(count, environment).map_err(|(why, help)| (said(why), help))
        }
        Some((number, count)) => {
            let share = whole(number).zip(whole(count));
            share.and_then(|(number, count)| Shard::of(number.checked_sub(1)?, count)).ok_or_else(|| {
                let reason = "it is not the number of a share and how many there are";
                (said(reason.into()), format!("write 1/16 to 16/16; there may be up to {MOST}"))
            })
        }
        None => Err((
            said("it is no share".into()),
            "write 3/16, slurm in a job array, or kubernetes/16 in an indexed Job".into(),
        )),
    }
}

fn whole(text: &str) -> Option<u32> {
    Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn number(environment: &[(OsString, OsString)], name: &str) -> Option<u32> {
    let (_, value) = environment.iter().find(|(known, _)| known == name)?;
    whole(value.to_str()?)
}

/// The share of a task: its place among the tasks of the array, whatever number these begin with.
fn slurm(environment: &[(OsString, OsString)]) -> Result<Shard, NoShard> {
    let read = |name: &str| {
        number(environment, name).ok_or_else(|| {
            (
                format!("the variable {name} is missing, or no whole number"),
                "run it in a job array (sbatch --array=1-16), or write --shard 3/16".to_owned(),
            )
        })
    };
    let task = read("SLURM_ARRAY_TASK_ID")?;
    let (first, count) = (read("SLURM_ARRAY_TASK_MIN")?, read("SLURM_ARRAY_TASK_COUNT")?);
    let step = number(environment, "SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1);
    let last = number(environment, "SLURM_ARRAY_TASK_MAX");
    let even = last.is_none_or(|last| {
        u64::from(last) == u64::from(first) + u64::from(step) * (u64::from(count).saturating_sub(1))
    });
    let index = task.checked_sub(first).filter(|from| even && from % step == 0).map(|from| from / step);
    index.and_then(|index| Shard::of(index, count)).ok_or_else(|| {
        (
            format!("task {task} has no place in an array of {count} tasks from {first} on in steps of {step}"),
            "number the tasks without gaps (--array=1-16); to repeat one of them, write its share: --shard 3/16".to_owned(),
        )
    })
}

/// The share of a pod: Kubernetes counts from zero and does not tell how many there are.
fn kubernetes(count: &str, environment: &[(OsString, OsString)]) -> Result<Shard, NoShard> {
    let index = number(environment, "JOB_COMPLETION_INDEX").ok_or_else(|| {
        (
            "the variable JOB_COMPLETION_INDEX is missing, or no whole number".to_owned(),
            "run it in a Job with completionMode: Indexed, or write --shard 3/16".to_owned(),
        )
    })?;
    whole(count).and_then(|count| Shard::of(index, count)).ok_or_else(|| {
        (
            format!("the Job has no pod {index} of so many, counted from 0"),
            "write the Job's completions behind the slash: kubernetes/16".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        parse(text, &environment)
            .map(|shard| shard.to_string())
            .map_err(|(why, help)| format!("{why} | {help}"))
    }

    fn array<'a>(
        id: &'a str,
        first: &'a str,
        last: &'a str,
        count: &'a str,
        step: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        vec![
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_MIN", first),
            ("SLURM_ARRAY_TASK_MAX", last),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("SLURM_ARRAY_TASK_STEP", step),
        ]
    }

    #[test]
    fn shares_are_written_out_or_taken_from_the_array() {
        assert_eq!(shard("1/1", &[]).as_deref(), Ok("1/1"));
        assert_eq!(shard("16/16", &[("JOB_COMPLETION_INDEX", "3")]).as_deref(), Ok("16/16"));
        assert_eq!(shard("kubernetes/16", &[("JOB_COMPLETION_INDEX", "0")]).as_deref(), Ok("1/16"));
        for (id, first, last, count, step, expected) in [
            ("0", "0", "15", "16", "1", "1/16"),
            ("16", "1", "16", "16", "1", "16/16"),
            ("6", "2", "8", "4", "2", "3/4"),
        ] {
            assert_eq!(shard("slurm", &array(id, first, last, count, step)).as_deref(), Ok(expected));
        }
        let without = &array("7", "5", "", "4", "")[..];
        let without: Vec<_> = without.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        assert_eq!(shard("slurm", &without).as_deref(), Ok("3/4"));
    }

    #[test]
    fn what_is_no_share_says_what_to_write() {
        for text in [
            "",
            "3",
            "0/16",
            "17/16",
            "a/16",
            "3/",
            "/3",
            "-1/3",
            "3/16/2",
            "1/65537",
            "99999999999/1",
            "Slurm",
        ] {
            let told = shard(text, &[("SLURM_ARRAY_TASK_ID", "1")]).unwrap_err();
            assert!(told.starts_with(&format!("--shard {text}: ")) && told.contains("/16"), "{told}");
        }
        assert!(shard("slurm", &[]).unwrap_err().contains("SLURM_ARRAY_TASK_ID is missing"));
        // An array with gaps would leave tenants to nobody.
        assert!(shard("slurm", &array("7", "1", "9", "3", "1")).unwrap_err().contains("--shard 3/16"));
        assert!(shard("slurm", &array("4", "2", "8", "4", "3")).is_err());
        assert!(shard("kubernetes/16", &[]).unwrap_err().contains("completionMode: Indexed"));
        assert!(shard("kubernetes/16", &[("JOB_COMPLETION_INDEX", "16")]).unwrap_err().contains("pod 16"));
        assert!(shard("kubernetes/", &[("JOB_COMPLETION_INDEX", "1")]).is_err());
    }
}
