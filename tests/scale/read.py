"""Reads every byte of a zip with Python's zipfile, which checks the sums, and says what was in it."""
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as package:
    for entry in package.infolist():
        length = 0
        with package.open(entry) as file:
            while block := file.read(1 << 20):
                length += len(block)
        assert length == entry.file_size, entry.filename
        # From 4 GiB on a size only fits into the zip64 field.
        zip64 = " (zip64)" if max(entry.file_size, entry.header_offset) >= 0xFFFFFFFF else ""
        print(f"python: {entry.filename} {length} bytes{zip64}")
