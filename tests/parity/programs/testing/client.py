import re
import subprocess
import sys

done = subprocess.run(
    [sys.executable, "-m", "pytest", "-v", "-p", "celery.contrib.pytest", "-p", "no:cacheprovider", "tests"],
    capture_output=True, text=True,
)
print("\n".join(re.findall(r"^(tests/\S+ \w+)", done.stdout, re.MULTILINE)))
print(re.search(r"(\d+ passed|\d+ failed|error)", done.stdout).group(1), done.returncode)
if done.returncode:
    print(done.stdout, done.stderr)
