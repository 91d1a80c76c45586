"""Programs that Debian packages: there already, installed where root has apt-get, or lacking."""
import os
import shutil
import subprocess


def installed(package):
    """Installs it, if this machine can; whether it could. Who asks looks for the program first, and again afterwards."""
    if not shutil.which("apt-get") or os.geteuid():
        return False
    print(f"  installing Debian's {package}", flush=True)
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "--quiet", "--quiet", *arguments], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    return True
