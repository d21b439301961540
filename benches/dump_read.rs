//! How fast one core reads a dump folder: MB/s of CSV from a generated extract of section associations.
//!
//! In: an optional number of rows (`cargo bench --bench dump_read -- 2000000`). Out: one line per form on stdout.
//! Each figure is the best of five runs with the file in the page cache. Nothing is asserted: figures are for
//! people, on a quiet machine.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use rosterpack::edfi::contract::student_sections::TABLE;
use rosterpack::source::dump::DumpSource;
use rosterpack::source::{ColumnRequest, Part, Request, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let rows: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let request = Request {
        table: TABLE.physical.to_owned(),
        columns: TABLE
            .columns
            .iter()
            .map(|c| ColumnRequest { name: Some(c.name.to_owned()), kind: c.kind })
            .collect(),
        year: Some(("schoolyear".to_owned(), 2022)),
    };
    let plain = tempfile::tempdir()?;
    let gzipped = tempfile::tempdir()?;
    let mut csv = BufWriter::new(File::create(plain.path().join("studentsectionassociation.csv"))?);
    write_rows(&mut csv, rows)?;
    csv.into_inner()?.sync_all()?;
    let gz = File::create(gzipped.path().join("StudentSectionAssociation.csv.gz"))?;
    let mut gz = flate2::write::GzEncoder::new(BufWriter::new(gz), flate2::Compression::new(3));
    write_rows(&mut gz, rows)?;
    gz.finish()?.into_inner()?.sync_all()?;

    for (form, folder) in [("csv", &plain), ("csv.gz", &gzipped)] {
        let source = DumpSource::open(folder.path())?;
        let mut best = f64::INFINITY;
        let mut megabytes = 0.0;
        for _ in 0..5 {
            let begin = Instant::now();
            let mut sum = 0i64;
            let stats = source.read(&request, Part::WHOLE, &mut |batch| {
                for row in 0..batch.rows() {
                    sum += batch.int(0, row).unwrap_or(0) + batch.text(1, row).len() as i64;
                }
                Ok(())
            })?;
            std::hint::black_box(sum);
            best = best.min(begin.elapsed().as_secs_f64());
            megabytes = stats.bytes as f64 / 1e6;
            if stats.rows != rows {
                return Err(format!("{} rows read of {rows}", stats.rows).into());
            }
        }
        println!(
            "{form}: {megabytes:.0} MB in {best:.3} s, {:.0} MB/s, {:.2} M rows/s",
            megabytes / best,
            rows as f64 / best / 1e6
        );
    }
    Ok(())
}

/// Rows as `COPY edfi.studentsectionassociation TO STDOUT (FORMAT csv, HEADER)` writes them.
fn write_rows(out: &mut impl Write, rows: u64) -> std::io::Result<()> {
    writeln!(
        out,
        "begindate,localcoursecode,schoolid,schoolyear,sectionidentifier,sessionname,studentusi,attemptstatusdescriptorid,enddate,homeroomindicator,repeatidentifierdescriptorid,teacherstudentdatalinkexclusion,discriminator,createdate,lastmodifieddate,id,aggregateid,aggregatedata,changeversion"
    )?;
    for n in 0..rows {
        let school = 255_901_001 + n % 170;
        let course = n % 97;
        let quote = if n % 50 == 0 { "\"" } else { "" };
        writeln!(
            out,
            "2021-08-{:02},ALG-{course},{school},2022,25590100102Trad{course}ALG112011{},{quote}2021-2022 Fall Semester{quote},{n},,2021-12-17,{},,,,2022-07-21 21:34:25,2022-07-21 21:34:25,{:08x}-d2ce-5942-b7b1-24f2b3252eeb,-2147483648,,{n}",
            1 + n % 28,
            n % 7,
            if n % 3 == 0 { "t" } else { "" },
            n * 2_654_435_761 % 4_294_967_296,
        )?;
    }
    Ok(())
}
