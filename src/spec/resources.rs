//! The resources files that 1.1 and 1.2 share. 1.2 adds `userResources.csv`.
//!
//! In: nothing. Out: whole files, the same in both versions.

use super::column::{KEY, join};
use super::vocabulary as words;
use super::{Column, File, FileSpec, Group, Kind};

/// A name for the link between a resource and what uses it.
const LINK_TITLE: Column =
    Column::optional("title", Kind::Text, "Name under which the resource is offered here.");

/// The resource that is linked to.
pub(super) const RESOURCE: Column =
    Column::required("resourceSourcedId", Kind::Ref(File::Resources), "The resource.");

/// `classResources.csv`.
pub(super) const CLASS_RESOURCES: FileSpec = FileSpec {
    file: File::ClassResources,
    group: Group::Resources,
    doc: "The use of a resource in a class.",
    columns: &join::<6>(&[
        &KEY,
        &[
            LINK_TITLE,
            Column::required("classSourcedId", Kind::Ref(File::Classes), "The class that uses the resource."),
            RESOURCE,
        ],
    ]),
};

/// `courseResources.csv`.
pub(super) const COURSE_RESOURCES: FileSpec = FileSpec {
    file: File::CourseResources,
    group: Group::Resources,
    doc: "The use of a resource in a course.",
    columns: &join::<6>(&[
        &KEY,
        &[
            LINK_TITLE,
            Column::required(
                "courseSourcedId",
                Kind::Ref(File::Courses),
                "The course that uses the resource.",
            ),
            RESOURCE,
        ],
    ]),
};

/// `resources.csv`.
pub(super) const RESOURCES: FileSpec = FileSpec {
    file: File::Resources,
    group: Group::Resources,
    doc: "A learning resource of a vendor: a book, a tool, a site.",
    columns: &join::<9>(&[
        &KEY,
        &[
            Column::required("vendorResourceId", Kind::Text, "The vendor's own identifier of the resource."),
            Column::optional("title", Kind::Text, "Name of the resource."),
            Column::optional("roles", Kind::EnumList(&words::RESOURCE_ROLE), "Whom the resource is for."),
            Column::optional("importance", Kind::Enum(&words::IMPORTANCE), "Main or additional resource."),
            Column::optional("vendorId", Kind::Text, "The identifier that 1EdTech gave the vendor."),
            Column::optional("applicationId", Kind::Text, "The application that the resource belongs to."),
        ],
    ]),
};
