//! Which schools a row belongs to, read from the package itself.
//!
//! In: a package's orgs and roles, then rows of any file. Out: the number of a list of schools per row, and what the lists are
//! ([`Lists`]). A row belongs to the schools that its columns of orgs name, users of 1.2 also to those of their rows in
//! `roles.csv`, demographics to those of their user. Orgs of another type than school do not count, unless no package says what its
//! orgs are. Memory: 20 bytes a user where roles or demographics lead to schools.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::key::{Key, KeyMap, KeySet, key, shown};
use crate::package::{PackageReader, ReadError, Row, Rows};
use crate::spec::{File, Version};

/// The orgs that are schools; `None` when no package says what its orgs are.
pub type Known = Option<Arc<KeySet>>;

/// The schools of these packages.
///
/// # Errors
/// [`ReadError`] when an `orgs.csv` cannot be read.
pub fn known(packages: [&PackageReader; 2]) -> Result<Known, ReadError> {
    let mut known: Option<KeySet> = None;
    for package in packages {
        let Some(rows) = package.rows(File::Orgs)? else { continue };
        let (id, kind) = (rows.demand("sourcedId")?, rows.demand("type")?);
        let schools = known.get_or_insert_default();
        rows.each(|row| {
            if row.cell(kind) == "school" {
                schools.insert(key(&row.cell(id)).0);
            }
        })?;
    }
    Ok(known.map(Arc::new))
}

/// Schools and lists of schools as numbers; list 0 is empty.
#[derive(Debug)]
pub struct Lists {
    /// Schools by number.
    pub names: Vec<Arc<str>>,
    numbers: KeyMap<u32>,
    lists: Vec<Arc<[u32]>>,
    list_numbers: FxHashMap<Arc<[u32]>, u32>,
}

impl Default for Lists {
    fn default() -> Lists {
        let none: Arc<[u32]> = Arc::new([]);
        Lists {
            names: Vec::new(),
            numbers: KeyMap::default(),
            lists: vec![none.clone()],
            list_numbers: FxHashMap::from_iter([(none, 0)]),
        }
    }
}

impl Lists {
    /// The number of a school.
    pub fn school(&mut self, id: &str) -> u32 {
        self.school_of(key(id).0, id)
    }

    fn school_of(&mut self, key: Key, id: &str) -> u32 {
        let next = self.names.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.names.push(Arc::from(shown(id)));
        }
        number
    }

    /// The number of a list, whatever its order and repetitions.
    pub fn list(&mut self, list: &mut Vec<u32>) -> u32 {
        list.sort_unstable();
        list.dedup();
        if let Some(number) = self.list_numbers.get(list.as_slice()) {
            return *number;
        }
        let (number, list) = (self.lists.len() as u32, Arc::<[u32]>::from(list.as_slice()));
        self.lists.push(list.clone());
        self.list_numbers.insert(list, number);
        number
    }

    /// The schools of a list.
    pub fn members(&self, list: u32) -> &[u32] {
        self.lists.get(list as usize).map(|list| &**list).unwrap_or_default()
    }

    /// The schools of a list, to be kept.
    pub fn shared(&self, list: u32) -> Arc<[u32]> {
        self.lists.get(list as usize).cloned().unwrap_or_default()
    }

    /// How many lists there are.
    pub fn count(&self) -> usize {
        self.lists.len()
    }

    /// The ids of the schools of a list.
    pub fn ids(&self, list: u32) -> Vec<Arc<str>> {
        self.members(list).iter().filter_map(|school| self.names.get(*school as usize).cloned()).collect()
    }
}

/// How the rows of a file lead to schools.
#[derive(Debug)]
pub enum Way {
    /// These cells hold one org, or several.
    Columns(Vec<usize>),
    /// The row has the id of a user.
    User,
}

impl Way {
    /// That of a file with this header.
    pub fn of(file: File, rows: &Rows<'_>) -> Way {
        if file == File::Demographics {
            return Way::User;
        }
        let leads_to_orgs = |name: &str| match file {
            File::Orgs => name == "sourcedId",
            _ => Version::ALL.into_iter().any(|version| {
                let column = version.file(file).and_then(|spec| spec.column(name));
                column.and_then(|column| column.target()) == Some(File::Orgs)
            }),
        };
        let header = rows.header().iter().enumerate();
        Way::Columns(header.filter(|(_, name)| leads_to_orgs(name)).map(|(at, _)| at).collect())
    }
}

/// One package: what its users have to do with schools.
#[derive(Debug)]
pub struct Side {
    known: Known,
    /// Its lists, by numbers of its own.
    pub lists: Lists,
    /// Orgs of users by their roles (1.2).
    roles: KeyMap<u32>,
    /// All orgs of users, kept for demographics.
    users: KeyMap<u32>,
    keep_users: bool,
    /// The list that is being made.
    list: Vec<u32>,
    /// The last single cell and its list.
    before: (String, u32),
}

impl Side {
    /// Reads what roles say about users, where there are roles; keeps the schools of users if that is asked for.
    ///
    /// # Errors
    /// [`ReadError`] when `roles.csv` cannot be read.
    pub fn read(
        package: &PackageReader,
        known: Known,
        roles: bool,
        keep_users: bool,
    ) -> Result<Side, ReadError> {
        let mut side = Side {
            known,
            lists: Lists::default(),
            roles: KeyMap::default(),
            users: KeyMap::default(),
            keep_users,
            list: Vec::new(),
            before: (String::new(), 0),
        };
        let Some(rows) = package.rows(File::Roles)?.filter(|_| roles) else { return Ok(side) };
        let (user, org) = (rows.demand("userSourcedId")?, rows.demand("orgSourcedId")?);
        rows.each(|row| {
            let (key, _) = key(&row.cell(user));
            side.list.clear();
            side.list
                .extend_from_slice(side.lists.members(side.roles.get(&key).copied().unwrap_or_default()));
            side.add(&row.cell(org));
            let list = side.lists.list(&mut side.list);
            side.roles.insert(key, list);
        })?;
        Ok(side)
    }

    /// Reads the schools of users for a run that does not look at users otherwise.
    ///
    /// # Errors
    /// [`ReadError`] when `users.csv` cannot be read.
    pub fn read_users(&mut self, package: &PackageReader) -> Result<(), ReadError> {
        let Some(rows) = package.rows(File::Users)? else { return Ok(()) };
        let (id, way) = (rows.demand("sourcedId")?, Way::of(File::Users, &rows));
        rows.each(|row| _ = self.schools(File::Users, &way, key(&row.cell(id)).0, row))
    }

    /// Adds the school with this id to the list that is being made; what is no school is passed over.
    fn add(&mut self, id: &str) {
        if id.is_empty() {
            return;
        }
        let (key, _) = key(id);
        if self.known.as_ref().is_none_or(|known| known.contains(&key)) {
            let number = self.lists.school_of(key, id);
            self.list.push(number);
        }
    }

    /// The list of the schools of a row.
    pub fn schools(&mut self, file: File, way: &Way, key: Key, row: &Row<'_>) -> u32 {
        let columns = match way {
            Way::User => return self.users.get(&key).copied().unwrap_or_default(),
            Way::Columns(columns) => columns,
        };
        let by_role = self.roles.get(&key).copied().filter(|_| file == File::Users);
        let list = match (by_role, &columns[..]) {
            (None, [column]) => {
                // Most rows have one such cell, and most cells say what the one above says.
                let cell = row.cell(*column);
                if self.before.0 != *cell {
                    self.list.clear();
                    cell.split(',').for_each(|id| self.add(id));
                    self.before = (cell.into_owned(), self.lists.list(&mut self.list));
                }
                self.before.1
            }
            _ => {
                self.list.clear();
                if let Some(list) = by_role {
                    self.list.extend_from_slice(self.lists.members(list));
                }
                for column in columns {
                    row.cell(*column).split(',').for_each(|id| self.add(id));
                }
                self.lists.list(&mut self.list)
            }
        };
        if file == File::Users && self.keep_users {
            self.users.insert(key, list);
        }
        list
    }
}
