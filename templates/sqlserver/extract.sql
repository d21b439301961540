-- Writes the tables that rosterpack reads from an Ed-Fi ODS on SQL Server (2016 or later) as CSV extracts.
-- Generated from the staging contract; it covers data standards 4.0 to 6.1. Run it with sqlcmd:
--
--     sqlcmd -S server -d EdFi_Ods_2025 -E -b -I -r 1 -h -1 -W -w 65535 -f 65001 -v OUT="C:\extracts" -i extract.sql
--
--   -v OUT    an existing, empty folder without blanks in its name and without a separator at its end
--   -b        ends at the first error; when the exit code is not 0, discard the whole folder
--   -r 1      keeps messages out of the files          -h -1      no column headings: the lines below have their own
--   -W -w     no padding, and no line breaks            -f 65001   files in UTF-8
--   -I        quoted identifiers                        -E         or -U user, with the password in SQLCMDPASSWORD
--
-- All files show one moment by snapshot isolation. The database must allow it, once:
--     ALTER DATABASE [EdFi_Ods_2025] SET ALLOW_SNAPSHOT_ISOLATION ON;
--
-- Each file is named after its table and holds a header line and one line per row: text in double quotes,
-- doubled inside; dates as 2025-08-20; booleans 1 and 0; null as nothing.
-- Then: rosterpack export --source C:\extracts ...
--
-- How it works: the first step looks up which of the wanted tables and columns this ODS has, and writes a
-- script for them into the folder; the second step runs it.

:on error exit
SET NOCOUNT ON;
SET ANSI_WARNINGS ON;
GO
-- Wanted columns: table, position, column, and how to write it (Integer, Text, Date, Boolean).
CREATE TABLE #wanted (table_name sysname COLLATE Latin1_General_100_BIN2, position int,
                      column_name sysname COLLATE Latin1_General_100_BIN2, kind char(1));
INSERT INTO #wanted VALUES
    (N'calendardatecalendarevent', 0, N'schoolid', 'I'),
    (N'calendardatecalendarevent', 1, N'schoolyear', 'I'),
    (N'calendardatecalendarevent', 2, N'calendarcode', 'T'),
    (N'calendardatecalendarevent', 3, N'date', 'D'),
    (N'calendardatecalendarevent', 4, N'calendareventdescriptorid', 'I'),
    (N'contact', 0, N'contactusi', 'I'),
    (N'contact', 1, N'contactuniqueid', 'T'),
    (N'contact', 2, N'firstname', 'T'),
    (N'contact', 3, N'middlename', 'T'),
    (N'contact', 4, N'lastsurname', 'T'),
    (N'contact', 5, N'preferredfirstname', 'T'),
    (N'contact', 6, N'preferredlastsurname', 'T'),
    (N'contact', 7, N'loginid', 'T'),
    (N'contactelectronicmail', 0, N'contactusi', 'I'),
    (N'contactelectronicmail', 1, N'electronicmailaddress', 'T'),
    (N'contactelectronicmail', 2, N'electronicmailtypedescriptorid', 'I'),
    (N'contactelectronicmail', 3, N'donotpublishindicator', 'B'),
    (N'contacttelephone', 0, N'contactusi', 'I'),
    (N'contacttelephone', 1, N'telephonenumber', 'T'),
    (N'contacttelephone', 2, N'telephonenumbertypedescriptorid', 'I'),
    (N'contacttelephone', 3, N'donotpublishindicator', 'B'),
    (N'contacttelephone', 4, N'orderofpriority', 'I'),
    (N'course', 0, N'educationorganizationid', 'I'),
    (N'course', 1, N'coursecode', 'T'),
    (N'course', 2, N'coursetitle', 'T'),
    (N'course', 3, N'careerpathwaydescriptorid', 'I'),
    (N'course', 4, N'timerequiredforcompletion', 'I'),
    (N'course', 5, N'academicsubjectdescriptorid', 'I'),
    (N'courseacademicsubject', 0, N'educationorganizationid', 'I'),
    (N'courseacademicsubject', 1, N'coursecode', 'T'),
    (N'courseacademicsubject', 2, N'academicsubjectdescriptorid', 'I'),
    (N'courseofferedgradelevel', 0, N'educationorganizationid', 'I'),
    (N'courseofferedgradelevel', 1, N'coursecode', 'T'),
    (N'courseofferedgradelevel', 2, N'gradeleveldescriptorid', 'I'),
    (N'courseoffering', 0, N'localcoursecode', 'T'),
    (N'courseoffering', 1, N'schoolid', 'I'),
    (N'courseoffering', 2, N'schoolyear', 'I'),
    (N'courseoffering', 3, N'sessionname', 'T'),
    (N'courseoffering', 4, N'coursecode', 'T'),
    (N'courseoffering', 5, N'educationorganizationid', 'I'),
    (N'courseoffering', 6, N'localcoursetitle', 'T'),
    (N'descriptor', 0, N'descriptorid', 'I'),
    (N'descriptor', 1, N'namespace', 'T'),
    (N'descriptor', 2, N'codevalue', 'T'),
    (N'educationorganization', 0, N'educationorganizationid', 'I'),
    (N'educationorganization', 1, N'nameofinstitution', 'T'),
    (N'educationorganizationaddress', 0, N'educationorganizationid', 'I'),
    (N'educationorganizationaddress', 1, N'addresstypedescriptorid', 'I'),
    (N'educationorganizationaddress', 2, N'streetnumbername', 'T'),
    (N'educationorganizationaddress', 3, N'apartmentroomsuitenumber', 'T'),
    (N'educationorganizationaddress', 4, N'city', 'T'),
    (N'educationorganizationaddress', 5, N'stateabbreviationdescriptorid', 'I'),
    (N'educationorganizationaddress', 6, N'postalcode', 'T'),
    (N'educationorganizationaddress', 7, N'donotpublishindicator', 'B'),
    (N'educationorganizationidentificationcode', 0, N'educationorganizationid', 'I'),
    (N'educationorganizationidentificationcode', 1, N'educationorganizationidentificationsystemdescriptorid', 'I'),
    (N'educationorganizationidentificationcode', 2, N'identificationcode', 'T'),
    (N'generalstudentprogramassociation', 0, N'studentusi', 'I'),
    (N'generalstudentprogramassociation', 1, N'programtypedescriptorid', 'I'),
    (N'generalstudentprogramassociation', 2, N'begindate', 'D'),
    (N'generalstudentprogramassociation', 3, N'enddate', 'D'),
    (N'grade', 0, N'gradetypedescriptorid', 'I'),
    (N'grade', 1, N'gradingperioddescriptorid', 'I'),
    (N'grade', 2, N'gradingperiodname', 'T'),
    (N'grade', 3, N'gradingperiodschoolyear', 'I'),
    (N'grade', 4, N'studentusi', 'I'),
    (N'grade', 5, N'localcoursecode', 'T'),
    (N'grade', 6, N'schoolid', 'I'),
    (N'grade', 7, N'schoolyear', 'I'),
    (N'grade', 8, N'sessionname', 'T'),
    (N'grade', 9, N'sectionidentifier', 'T'),
    (N'grade', 10, N'begindate', 'D'),
    (N'grade', 11, N'numericgradeearned', 'T'),
    (N'grade', 12, N'lettergradeearned', 'T'),
    (N'grade', 13, N'currentgradeasofdate', 'D'),
    (N'grade', 14, N'currentgradeindicator', 'B'),
    (N'grade', 15, N'diagnosticstatement', 'T'),
    (N'grade', 16, N'gradingperiodsequence', 'T'),
    (N'gradebookentry', 0, N'namespace', 'T'),
    (N'gradebookentry', 1, N'gradebookentryidentifier', 'T'),
    (N'gradebookentry', 2, N'title', 'T'),
    (N'gradebookentry', 3, N'description', 'T'),
    (N'gradebookentry', 4, N'dateassigned', 'D'),
    (N'gradebookentry', 5, N'duedate', 'D'),
    (N'gradebookentry', 6, N'gradebookentrytypedescriptorid', 'I'),
    (N'gradebookentry', 7, N'maxpoints', 'T'),
    (N'gradebookentry', 8, N'gradingperioddescriptorid', 'I'),
    (N'gradebookentry', 9, N'gradingperiodname', 'T'),
    (N'gradebookentry', 10, N'localcoursecode', 'T'),
    (N'gradebookentry', 11, N'schoolid', 'I'),
    (N'gradebookentry', 12, N'schoolyear', 'I'),
    (N'gradebookentry', 13, N'sessionname', 'T'),
    (N'gradebookentry', 14, N'sectionidentifier', 'T'),
    (N'gradebookentry', 15, N'periodsequence', 'T'),
    (N'gradingperiod', 0, N'schoolid', 'I'),
    (N'gradingperiod', 1, N'schoolyear', 'I'),
    (N'gradingperiod', 2, N'gradingperioddescriptorid', 'I'),
    (N'gradingperiod', 3, N'gradingperiodname', 'T'),
    (N'gradingperiod', 4, N'begindate', 'D'),
    (N'gradingperiod', 5, N'enddate', 'D'),
    (N'gradingperiod', 6, N'periodsequence', 'T'),
    (N'localeducationagency', 0, N'localeducationagencyid', 'I'),
    (N'localeducationagency', 1, N'parentlocaleducationagencyid', 'I'),
    (N'localeducationagency', 2, N'stateeducationagencyid', 'I'),
    (N'parent', 0, N'parentusi', 'I'),
    (N'parent', 1, N'parentuniqueid', 'T'),
    (N'parent', 2, N'firstname', 'T'),
    (N'parent', 3, N'middlename', 'T'),
    (N'parent', 4, N'lastsurname', 'T'),
    (N'parent', 5, N'preferredfirstname', 'T'),
    (N'parent', 6, N'preferredlastsurname', 'T'),
    (N'parent', 7, N'loginid', 'T'),
    (N'parentelectronicmail', 0, N'parentusi', 'I'),
    (N'parentelectronicmail', 1, N'electronicmailaddress', 'T'),
    (N'parentelectronicmail', 2, N'electronicmailtypedescriptorid', 'I'),
    (N'parentelectronicmail', 3, N'donotpublishindicator', 'B'),
    (N'parenttelephone', 0, N'parentusi', 'I'),
    (N'parenttelephone', 1, N'telephonenumber', 'T'),
    (N'parenttelephone', 2, N'telephonenumbertypedescriptorid', 'I'),
    (N'parenttelephone', 3, N'donotpublishindicator', 'B'),
    (N'parenttelephone', 4, N'orderofpriority', 'I'),
    (N'school', 0, N'schoolid', 'I'),
    (N'school', 1, N'localeducationagencyid', 'I'),
    (N'schoolcategory', 0, N'schoolid', 'I'),
    (N'schoolcategory', 1, N'schoolcategorydescriptorid', 'I'),
    (N'section', 0, N'localcoursecode', 'T'),
    (N'section', 1, N'schoolid', 'I'),
    (N'section', 2, N'schoolyear', 'I'),
    (N'section', 3, N'sessionname', 'T'),
    (N'section', 4, N'sectionidentifier', 'T'),
    (N'section', 5, N'locationclassroomidentificationcode', 'T'),
    (N'sectionclassperiod', 0, N'localcoursecode', 'T'),
    (N'sectionclassperiod', 1, N'schoolid', 'I'),
    (N'sectionclassperiod', 2, N'schoolyear', 'I'),
    (N'sectionclassperiod', 3, N'sessionname', 'T'),
    (N'sectionclassperiod', 4, N'sectionidentifier', 'T'),
    (N'sectionclassperiod', 5, N'classperiodname', 'T'),
    (N'sectionofferedgradelevel', 0, N'localcoursecode', 'T'),
    (N'sectionofferedgradelevel', 1, N'schoolid', 'I'),
    (N'sectionofferedgradelevel', 2, N'schoolyear', 'I'),
    (N'sectionofferedgradelevel', 3, N'sessionname', 'T'),
    (N'sectionofferedgradelevel', 4, N'sectionidentifier', 'T'),
    (N'sectionofferedgradelevel', 5, N'gradeleveldescriptorid', 'I'),
    (N'session', 0, N'schoolid', 'I'),
    (N'session', 1, N'schoolyear', 'I'),
    (N'session', 2, N'sessionname', 'T'),
    (N'session', 3, N'begindate', 'D'),
    (N'session', 4, N'enddate', 'D'),
    (N'session', 5, N'termdescriptorid', 'I'),
    (N'sessiongradingperiod', 0, N'schoolid', 'I'),
    (N'sessiongradingperiod', 1, N'schoolyear', 'I'),
    (N'sessiongradingperiod', 2, N'sessionname', 'T'),
    (N'sessiongradingperiod', 3, N'gradingperioddescriptorid', 'I'),
    (N'sessiongradingperiod', 4, N'gradingperiodname', 'T'),
    (N'sessiongradingperiod', 5, N'periodsequence', 'T'),
    (N'staff', 0, N'staffusi', 'I'),
    (N'staff', 1, N'staffuniqueid', 'T'),
    (N'staff', 2, N'firstname', 'T'),
    (N'staff', 3, N'middlename', 'T'),
    (N'staff', 4, N'lastsurname', 'T'),
    (N'staff', 5, N'preferredfirstname', 'T'),
    (N'staff', 6, N'preferredlastsurname', 'T'),
    (N'staff', 7, N'loginid', 'T'),
    (N'staffdirectoryelectronicmail', 0, N'staffusi', 'I'),
    (N'staffdirectoryelectronicmail', 1, N'electronicmailaddress', 'T'),
    (N'staffdirectoryelectronicmail', 2, N'electronicmailtypedescriptorid', 'I'),
    (N'staffdirectoryelectronicmail', 3, N'donotpublishindicator', 'B'),
    (N'staffeducationorganizationassignmentassociation', 0, N'staffusi', 'I'),
    (N'staffeducationorganizationassignmentassociation', 1, N'educationorganizationid', 'I'),
    (N'staffeducationorganizationassignmentassociation', 2, N'staffclassificationdescriptorid', 'I'),
    (N'staffeducationorganizationassignmentassociation', 3, N'begindate', 'D'),
    (N'staffeducationorganizationassignmentassociation', 4, N'enddate', 'D'),
    (N'staffeducationorganizationcontactassociation', 0, N'staffusi', 'I'),
    (N'staffeducationorganizationcontactassociation', 1, N'contacttitle', 'T'),
    (N'staffeducationorganizationcontactassociation', 2, N'electronicmailaddress', 'T'),
    (N'staffelectronicmail', 0, N'staffusi', 'I'),
    (N'staffelectronicmail', 1, N'electronicmailaddress', 'T'),
    (N'staffelectronicmail', 2, N'electronicmailtypedescriptorid', 'I'),
    (N'staffelectronicmail', 3, N'donotpublishindicator', 'B'),
    (N'staffidentificationcode', 0, N'staffusi', 'I'),
    (N'staffidentificationcode', 1, N'staffidentificationsystemdescriptorid', 'I'),
    (N'staffidentificationcode', 2, N'identificationcode', 'T'),
    (N'staffschoolassociation', 0, N'staffusi', 'I'),
    (N'staffschoolassociation', 1, N'schoolid', 'I'),
    (N'staffschoolassociation', 2, N'schoolyear', 'I'),
    (N'staffsectionassociation', 0, N'staffusi', 'I'),
    (N'staffsectionassociation', 1, N'localcoursecode', 'T'),
    (N'staffsectionassociation', 2, N'schoolid', 'I'),
    (N'staffsectionassociation', 3, N'schoolyear', 'I'),
    (N'staffsectionassociation', 4, N'sessionname', 'T'),
    (N'staffsectionassociation', 5, N'sectionidentifier', 'T'),
    (N'staffsectionassociation', 6, N'begindate', 'D'),
    (N'staffsectionassociation', 7, N'enddate', 'D'),
    (N'staffsectionassociation', 8, N'classroompositiondescriptorid', 'I'),
    (N'stateeducationagency', 0, N'stateeducationagencyid', 'I'),
    (N'student', 0, N'studentusi', 'I'),
    (N'student', 1, N'studentuniqueid', 'T'),
    (N'student', 2, N'firstname', 'T'),
    (N'student', 3, N'middlename', 'T'),
    (N'student', 4, N'lastsurname', 'T'),
    (N'student', 5, N'preferredfirstname', 'T'),
    (N'student', 6, N'preferredlastsurname', 'T'),
    (N'student', 7, N'birthdate', 'D'),
    (N'student', 8, N'birthcity', 'T'),
    (N'student', 9, N'birthstateabbreviationdescriptorid', 'I'),
    (N'student', 10, N'birthcountrydescriptorid', 'I'),
    (N'student', 11, N'birthsexdescriptorid', 'I'),
    (N'studentcontactassociation', 0, N'studentusi', 'I'),
    (N'studentcontactassociation', 1, N'contactusi', 'I'),
    (N'studentcontactassociation', 2, N'relationdescriptorid', 'I'),
    (N'studentdemographic', 0, N'educationorganizationid', 'I'),
    (N'studentdemographic', 1, N'studentusi', 'I'),
    (N'studentdemographic', 2, N'sexdescriptorid', 'I'),
    (N'studentdemographic', 3, N'hispaniclatinoethnicity', 'B'),
    (N'studentdemographic', 4, N'genderidentity', 'T'),
    (N'studentdemographic', 5, N'limitedenglishproficiencydescriptorid', 'I'),
    (N'studentdemographicrace', 0, N'educationorganizationid', 'I'),
    (N'studentdemographicrace', 1, N'studentusi', 'I'),
    (N'studentdemographicrace', 2, N'racedescriptorid', 'I'),
    (N'studentdemographicstudentcharacteristic', 0, N'educationorganizationid', 'I'),
    (N'studentdemographicstudentcharacteristic', 1, N'studentusi', 'I'),
    (N'studentdemographicstudentcharacteristic', 2, N'studentcharacteristicdescriptorid', 'I'),
    (N'studentdirectoryelectronicmail', 0, N'educationorganizationid', 'I'),
    (N'studentdirectoryelectronicmail', 1, N'studentusi', 'I'),
    (N'studentdirectoryelectronicmail', 2, N'electronicmailaddress', 'T'),
    (N'studentdirectoryelectronicmail', 3, N'electronicmailtypedescriptorid', 'I'),
    (N'studentdirectoryelectronicmail', 4, N'donotpublishindicator', 'B'),
    (N'studenteducationorganizationassociation', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociation', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociation', 2, N'loginid', 'T'),
    (N'studenteducationorganizationassociation', 3, N'sexdescriptorid', 'I'),
    (N'studenteducationorganizationassociation', 4, N'hispaniclatinoethnicity', 'B'),
    (N'studenteducationorganizationassociation', 5, N'genderidentity', 'T'),
    (N'studenteducationorganizationassociation', 6, N'limitedenglishproficiencydescriptorid', 'I'),
    (N'studenteducationorganizationassociationelectronicmail', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociationelectronicmail', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociationelectronicmail', 2, N'electronicmailaddress', 'T'),
    (N'studenteducationorganizationassociationelectronicmail', 3, N'electronicmailtypedescriptorid', 'I'),
    (N'studenteducationorganizationassociationelectronicmail', 4, N'donotpublishindicator', 'B'),
    (N'studenteducationorganizationassociationrace', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociationrace', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociationrace', 2, N'racedescriptorid', 'I'),
    (N'studenteducationorganizationassociationstudentcharacteristic', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociationstudentcharacteristic', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociationstudentcharacteristic', 2, N'studentcharacteristicdescriptorid', 'I'),
    (N'studenteducationorganizationassociationstudentidentificationcode', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociationstudentidentificationcode', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociationstudentidentificationcode', 2, N'studentidentificationsystemdescriptorid', 'I'),
    (N'studenteducationorganizationassociationstudentidentificationcode', 3, N'identificationcode', 'T'),
    (N'studenteducationorganizationassociationstudentindicator', 0, N'educationorganizationid', 'I'),
    (N'studenteducationorganizationassociationstudentindicator', 1, N'studentusi', 'I'),
    (N'studenteducationorganizationassociationstudentindicator', 2, N'indicatorname', 'T'),
    (N'studenteducationorganizationassociationstudentindicator', 3, N'indicator', 'T'),
    (N'studentgradebookentry', 0, N'namespace', 'T'),
    (N'studentgradebookentry', 1, N'gradebookentryidentifier', 'T'),
    (N'studentgradebookentry', 2, N'studentusi', 'I'),
    (N'studentgradebookentry', 3, N'pointsearned', 'T'),
    (N'studentgradebookentry', 4, N'numericgradeearned', 'T'),
    (N'studentgradebookentry', 5, N'lettergradeearned', 'T'),
    (N'studentgradebookentry', 6, N'submissionstatusdescriptorid', 'I'),
    (N'studentgradebookentry', 7, N'assignmentlatestatusdescriptorid', 'I'),
    (N'studentgradebookentry', 8, N'datefulfilled', 'D'),
    (N'studentgradebookentry', 9, N'datecompleted', 'D'),
    (N'studentgradebookentry', 10, N'diagnosticstatement', 'T'),
    (N'studentidentificationcode', 0, N'educationorganizationid', 'I'),
    (N'studentidentificationcode', 1, N'studentusi', 'I'),
    (N'studentidentificationcode', 2, N'studentidentificationsystemdescriptorid', 'I'),
    (N'studentidentificationcode', 3, N'identificationcode', 'T'),
    (N'studentparentassociation', 0, N'studentusi', 'I'),
    (N'studentparentassociation', 1, N'parentusi', 'I'),
    (N'studentparentassociation', 2, N'relationdescriptorid', 'I'),
    (N'studentschoolassociation', 0, N'studentusi', 'I'),
    (N'studentschoolassociation', 1, N'schoolid', 'I'),
    (N'studentschoolassociation', 2, N'entrydate', 'D'),
    (N'studentschoolassociation', 3, N'exitwithdrawdate', 'D'),
    (N'studentschoolassociation', 4, N'exitwithdrawtypedescriptorid', 'I'),
    (N'studentschoolassociation', 5, N'primaryschool', 'B'),
    (N'studentschoolassociation', 6, N'schoolyear', 'I'),
    (N'studentschoolassociation', 7, N'entrygradeleveldescriptorid', 'I'),
    (N'studentsectionassociation', 0, N'studentusi', 'I'),
    (N'studentsectionassociation', 1, N'localcoursecode', 'T'),
    (N'studentsectionassociation', 2, N'schoolid', 'I'),
    (N'studentsectionassociation', 3, N'schoolyear', 'I'),
    (N'studentsectionassociation', 4, N'sessionname', 'T'),
    (N'studentsectionassociation', 5, N'sectionidentifier', 'T'),
    (N'studentsectionassociation', 6, N'begindate', 'D'),
    (N'studentsectionassociation', 7, N'enddate', 'D'),
    (N'studentsectionassociation', 8, N'homeroomindicator', 'B');
GO
-- The wanted columns that are there, in the spelling of this database.
SELECT o.object_id, o.name AS table_name, c.name AS column_name, w.kind, c.max_length,
       ROW_NUMBER() OVER (PARTITION BY o.object_id ORDER BY w.position) AS position,
       DENSE_RANK() OVER (ORDER BY o.name, o.object_id) AS file_number
INTO #found
FROM #wanted w
JOIN sys.objects o ON LOWER(o.name) COLLATE Latin1_General_100_BIN2 = w.table_name AND o.type IN ('U', 'V')
JOIN sys.schemas s ON s.schema_id = o.schema_id AND s.name = N'edfi'
JOIN sys.columns c ON c.object_id = o.object_id AND LOWER(c.name) COLLATE Latin1_General_100_BIN2 = w.column_name;

IF NOT EXISTS (SELECT 1 FROM #found WHERE LOWER(table_name) = N'student')
    RAISERROR(N'This database has no table edfi.Student: it is not an Ed-Fi ODS, or the login may not see it.', 16, 1);

-- A line longer than 4000 characters would be cut in silence. No Ed-Fi table comes near.
IF EXISTS (SELECT 1 FROM #found GROUP BY object_id
           HAVING MIN(CASE WHEN kind = 'T' THEN max_length ELSE 0 END) < 0
               OR SUM(CASE WHEN kind = 'T' THEN max_length + 3 ELSE 32 END) > 4000)
    RAISERROR(N'A table has text columns that are too wide for one line of an extract.', 16, 1);
GO
:OUT $(OUT)/extract-generated.sql
-- max_length counts two bytes a character of nvarchar: as many as a text takes if all of it is doubled quotes.
SELECT line
FROM (
    SELECT 0 AS file_number, 0 AS step, 0 AS position, CAST(N'SET NOCOUNT ON;' AS nvarchar(1000)) AS line
    UNION ALL SELECT 0, 0, 1, N'SET TRANSACTION ISOLATION LEVEL SNAPSHOT;'
    UNION ALL SELECT 0, 0, 2, N'BEGIN TRANSACTION;'
    UNION ALL SELECT 0, 0, 3, N'GO'
    UNION ALL SELECT DISTINCT file_number, 1, 0, N':OUT $(OUT)/' + table_name + N'.csv' FROM #found
    -- Header and rows are one result: between two, sqlcmd may write an empty line, which is no CSV.
    UNION ALL SELECT DISTINCT file_number, 1, 1, N'SELECT line FROM (SELECT 0 AS part, N''''' FROM #found
    UNION ALL SELECT file_number, 2, position,
        N' + N''' + CASE WHEN position > 1 THEN N',' ELSE N'' END + N'"' + column_name + N'"''' FROM #found
    UNION ALL SELECT DISTINCT file_number, 3, 0, N' AS line UNION ALL SELECT 1, N''''' FROM #found
    UNION ALL SELECT file_number, 4, position,
        N' + ' + CASE WHEN position > 1 THEN N'N'','' + ' ELSE N'' END + N'ISNULL('
        + CASE kind
            WHEN 'I' THEN N'CAST(' + QUOTENAME(column_name) + N' AS nvarchar(20))'
            -- Style 126 shows a time of day where there is one, so that it is noticed and not lost.
            WHEN 'D' THEN N'CONVERT(nvarchar(30), ' + QUOTENAME(column_name) + N', 126)'
            WHEN 'B' THEN N'CAST(CAST(' + QUOTENAME(column_name) + N' AS tinyint) AS nvarchar(3))'
            ELSE N'N''"'' + REPLACE(CAST(' + QUOTENAME(column_name) + N' AS nvarchar(2000)), N''"'', N''""'') + N''"'''
          END
        + N', N'''')' FROM #found
    UNION ALL SELECT DISTINCT file_number, 5, 0, N'FROM [edfi].' + QUOTENAME(table_name) + N') AS file_lines ORDER BY part;' FROM #found
    UNION ALL SELECT DISTINCT file_number, 5, 1, N'GO' FROM #found
    UNION ALL SELECT 2147483647, 0, 0, N':OUT STDOUT'
    UNION ALL SELECT 2147483647, 0, 1, N'COMMIT TRANSACTION;'
    UNION ALL SELECT 2147483647, 0, 2, N'GO'
) AS script
ORDER BY file_number, step, position;
GO
:OUT STDOUT
:r $(OUT)/extract-generated.sql
