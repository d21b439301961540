// Reads every byte of a zip as a stream, which never sees the directory at its end, and says how much there was.
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

public class Read {
    public static void main(String[] arguments) throws Exception {
        var listed = new ZipFile(arguments[0]);
        long entries = 0, bytes = 0;
        try (var zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(arguments[0]), 1 << 20))) {
            var block = new byte[1 << 20];
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                long length = 0;
                for (int n = zip.read(block); n >= 0; n = zip.read(block)) {
                    length += n;
                }
                if (listed.getEntry(entry.getName()).getSize() != length) {
                    throw new IllegalStateException(entry.getName() + ": the directory says another size");
                }
                entries++;
                bytes += length;
            }
        }
        if (entries != listed.size()) {
            throw new IllegalStateException(entries + " entries in the stream, " + listed.size() + " listed");
        }
        System.out.println("java: " + entries + " entries, " + bytes + " bytes");
    }
}
