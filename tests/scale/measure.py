"""Runs a command and says what it cost: measure.py MEBIBYTES COMMAND..., which fails above that peak of memory."""
import resource
import subprocess
import sys
import time

most = int(sys.argv[1])
began = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
cost = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = cost.ru_maxrss / 1024
print(f"wall {time.monotonic() - began:.1f} s, processor {cost.ru_utime + cost.ru_stime:.1f} s, peak {peak:.0f} MiB")
if peak > most:
    print(f"error: more than {most} MiB", file=sys.stderr)
    code = code or 1
sys.exit(code)
