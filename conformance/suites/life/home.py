"""What a start makes, keeps and refuses: directories, modes, locks, and never a second KMS by accident."""
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import pathlib

from harness import raw
from harness.claims import claim, each, exchanged, holds, one_of, same
from harness.server import PATIENCE, Trent, _quiet, shared


def empty():
    return pathlib.Path(tempfile.mkdtemp(prefix="trent-conformance-home-"))


def ended(home, *arguments, status=None, listen="127.0.0.1:0", **env):
    """A start that must be refused: what it said, in one clear sentence and not as a crash."""
    command = [os.environ["TRENT"], *arguments, *(["--listen", listen] if listen else [])]
    try:
        ran = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=PATIENCE, env={**_quiet(), **env}, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        holds(False, f"it started: {command}")
    exchanged(" ".join(command[1:]), f"status {ran.returncode}: {ran.stdout[-500:]}{ran.stderr[-1500:]}")
    holds(ran.returncode > 0 if status is None else ran.returncode == status, f"the exit status is {ran.returncode}")
    holds("panicked" not in ran.stderr, f"it panicked: {ran.stderr[-500:]}")
    same(ran.stdout, "", "standard output")
    return ran.stderr


def _files(*places):
    return {str(p): p.read_bytes() for place in places for p in sorted(place.rglob("*")) if p.is_file()}


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@claim
def a_first_start_says_where_everything_lies_and_what_to_copy():
    trent = Trent("serve")
    said = trent.errors()
    for path in (trent.data, trent.secrets / "seal.key", trent.secrets / "credentials"):
        holds(str(path) in said, f"it does not name {path}: {said}")
    holds(re.search("seal key.*copy|copy.*seal key", said, re.S | re.I), f"it does not say to copy the seal key: {said}")
    holds(f"export AWS_SHARED_CREDENTIALS_FILE={trent.secrets / 'credentials'}" in said, f"no export: {said}")
    holds(f"aws --endpoint-url {trent.url} kms list-keys" in said, f"no command: {said}")
    same(trent.said, [f"trent: listening on {trent.url}"], "standard output")
    holds(re.fullmatch(r"\d{12}", raw.new_key(trent)["AWSAccountId"]), "the account has no 12 digits")
    trent.stop()
    size = len(trent.errors())
    again = trent.again()
    holds("copy" not in again.errors()[size:], "a second start tells to copy again")
    again.discard()


@claim
def dev_says_on_every_start_that_it_is_open():
    trent = Trent("dev")
    said = trent.errors()
    holds("open" in said and f"export AWS_ENDPOINT_URL_KMS={trent.url}" in said, f"it says {said}")
    same([p.name for p in trent.home.iterdir()], ["stderr.log"], "the files of a dev without --data")
    trent.discard()


@each([("usual", 0o022), ("open", 0o000), ("closed", 0o077), ("hostile", 0o177)])
def files_are_0600_and_directories_0700_under_any_umask(_name, mask):
    home, before = empty(), os.umask(mask)
    try:
        trent = Trent("serve", home=home)
    finally:
        os.umask(before)
    raw.new_key(trent)
    for place in (trent.data, trent.secrets):
        for path in [place, *place.rglob("*")]:
            same(oct(_mode(path)), oct(0o700 if path.is_dir() else 0o600), f"the mode of {path.name}")
    trent.discard()


@claim
def a_second_process_on_a_directory_is_refused_and_names_the_first():
    trent = Trent("serve")
    said = ended(trent.home, "serve")
    holds(str(trent.process.pid) in said, f"it does not name pid {trent.process.pid}: {said}")
    same(raw.call(trent, "ListKeys").status, 200, "the first one's status")
    trent.discard()


@claim
def a_port_in_use_is_refused_and_leaves_nothing_behind():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        home, port = empty(), busy.getsockname()[1]
        holds(str(port) in ended(home, "serve", listen=f"127.0.0.1:{port}"), "it does not name the port")
        same(list(home.iterdir()), [], "what it left behind")


@each([("serve", "serve"), ("dev", "dev")])
def an_address_off_loopback_needs_to_be_asked_for(_name, mode):
    for address in ("0.0.0.0:0", "[::]:0"):
        holds("--insecure-listen" in ended(empty(), mode, listen=address), "it does not name the option")
    Trent(mode, "--insecure-listen", listen="0.0.0.0:0").discard()


@claim
def a_store_without_its_seal_key_is_refused_and_given_no_other():
    trent = Trent("serve")
    raw.new_key(trent)
    trent.stop()
    kept = (trent.secrets / "seal.key").rename(trent.home / "kept")
    before = _files(trent.data)
    said = ended(trent.home, "serve")
    holds("seal" in said, said)
    holds(not (trent.secrets / "seal.key").exists(), "a new seal key was made")
    other = Trent("serve")
    other.stop()
    shutil.copy2(other.secrets / "seal.key", trent.secrets / "seal.key")
    holds("seal" in ended(trent.home, "serve"), "it does not name the seal key")
    changed = [p for p, content in _files(trent.data).items() if before.get(p) != content and not p.endswith(("lock", ".pid", "-shm", "-wal"))]
    same(changed, [], "the files of the store that a refused start changed")
    kept.rename(trent.secrets / "seal.key")
    again = trent.again()
    same(len(raw.done(again, "ListKeys")["Keys"]), 1, "the number of keys")
    again.discard()
    other.discard()


@each([("absent", lambda data: shutil.rmtree(data)), ("empty", lambda data: (shutil.rmtree(data), data.mkdir()))])
def an_absent_or_empty_store_beside_a_seal_key_is_refused(_name, lose):
    trent = Trent("serve")
    trent.stop()
    lose(trent.data)
    before = _files(trent.secrets)
    holds("mount" in ended(trent.home, "serve"), "it does not say that the volume may not be mounted")
    same(_files(trent.secrets), before, "the secrets")
    holds(not trent.data.exists() or not list(trent.data.iterdir()), "a store was made")
    trent.discard()


@claim
def no_create_makes_nothing():
    home = empty()
    ended(home, "serve", "--no-create")
    same(list(home.iterdir()), [], "what it left behind")


@claim
def a_directory_of_somebody_elses_is_not_taken_for_a_store():
    home = empty()
    (home / "trent-data").mkdir()
    (home / "trent-data" / "thesis.txt").write_text("mine")
    ended(home, "serve")
    same(sorted(p.name for p in (home / "trent-data").iterdir()), ["thesis.txt"], "the files in the directory")


@claim
def serve_and_dev_refuse_each_others_stores():
    serve = Trent("serve")
    serve.stop()
    ended(serve.home, "dev", "--data", "trent-data", "--secrets", "trent-secrets")
    dev = Trent("dev", "--data", "trent-data", "--secrets", "trent-secrets")
    key = raw.new_key(dev)
    dev.stop()
    ended(dev.home, "serve")
    again = dev.again("--data", "trent-data", "--secrets", "trent-secrets")
    same(raw.done(again, "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"], key, "the metadata after a restart of dev --data")
    again.discard()
    serve.discard()


@claim
def the_account_never_changes():
    trent = Trent("serve", "--account", "123456789012")
    trent.stop()
    ended(trent.home, "serve", "--account", "999999999999")
    again = trent.again("--account", "123456789012")
    same(raw.new_key(again)["AWSAccountId"], "123456789012", "the account")
    again.discard()


def _damaged(change):
    """A store of a few keys whose largest file was changed while nobody ran; and what its keys were."""
    trent = Trent("serve")
    keys = [raw.done(trent, "CreateKey", {"Description": f"key {n} " + "d" * 200})["KeyMetadata"] for n in range(20)]
    trent.stop()
    file = max((p for p in trent.data.rglob("*") if p.is_file() and "audit" not in p.parts), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    file.write_bytes(change(content))
    return trent, keys


@each([("flipped_in_the_middle", lambda c: c[:len(c) // 2] + bytes([c[len(c) // 2] ^ 255]) + c[len(c) // 2 + 1:]),
       ("flipped_at_two_thirds", lambda c: c[:len(c) * 2 // 3] + bytes([c[len(c) * 2 // 3] ^ 1]) + c[len(c) * 2 // 3 + 1:]),
       ("cut_in_half", lambda c: c[:len(c) // 2]), ("cut_to_a_page", lambda c: c[:4096]), ("emptied", lambda c: b""),
       ("zeros_at_the_end", lambda c: c[:-4096] + bytes(4096)), ("every_page_flipped", lambda c: bytes(b ^ 255 if n % 512 == 300 and n > 4096 else b for n, b in enumerate(c)))])
def a_damaged_store_is_refused_or_never_answered_from(_name, change):
    trent, keys = _damaged(change)
    size = len(trent.errors())
    try:
        again = trent.again()
    except AssertionError:
        said = trent.errors()[size:]
        holds("panicked" not in said and "trent:" in said, f"the refusal is {said[-500:]}")
        shutil.rmtree(trent.home)
        return
    for key in keys:
        answer = raw.call(again, "DescribeKey", {"KeyId": key["KeyId"]})
        if answer.status == 200:
            same(answer.json["KeyMetadata"], key, "the metadata out of a damaged store")
        else:
            # A damaged row name is a row that is gone: noticing that is the business of a sum over all rows, which is still to come.
            one_of((answer.status, answer.type), [(500, "KMSInternalException"), (400, "NotFoundException")], "a damaged record's answer")
    holds("panicked" not in again.errors(), "it panicked")
    again.discard()


@each([("no_command", []), ("unknown_command", ["srve"]), ("unknown_option", ["serve", "--prot", "1"]), ("bad_address", ["serve", "--listen", "here"]),
       ("bad_account", ["serve", "--account", "12345"]), ("bad_region", ["serve", "--region", "Mars One"]), ("bad_log", ["serve", "--log", "[["]),
       ("absent_config", ["serve", "--config", "nowhere.toml"]), ("account_in_dev", ["dev", "--account", "123456789012"])])
def what_is_not_understood_is_told(_name, arguments):
    home = empty()
    holds(len(ended(home, *arguments, listen=None).strip()) > 10, "it says nothing")
    same(list(home.iterdir()), [], "what it left behind")


@claim
def options_come_before_variables_and_variables_before_the_file():
    home = empty()
    (home / "trent.toml").write_text('listen = "127.0.0.1:1"\nregion = "eu-west-1"\ndata = "from-the-file"\n')
    trent = Trent("serve", "--config", "trent.toml", home=home, env={"TRENT_REGION": "eu-west-2", "TRENT_LISTEN": "127.0.0.1:2"})
    same(trent.profile()["region"], "eu-west-2", "the region")
    holds((home / "from-the-file").is_dir(), "the data directory is not the file's")
    trent.discard()
    for line in ('lisen = "127.0.0.1:0"', "listen = 5", "not toml"):
        (other := empty()).joinpath("trent.toml").write_text(line + "\n")
        ended(other, "serve", "--config", "trent.toml", listen=None)


@claim
def help_and_version_are_told():
    for arguments, text in ((["--help"], "serve"), (["serve", "--help"], "--data"), (["dev", "--help"], "--region"), (["--version"], "trent")):
        ran = subprocess.run([os.environ["TRENT"], *arguments], capture_output=True, text=True)
        same((ran.returncode, text in ran.stdout), (0, True), f"status of {arguments}, and whether it names {text}")


@each([("term", signal.SIGTERM), ("int", signal.SIGINT)])
def a_signal_ends_it_with_status_0(_name, how):
    for mode in ("serve", "dev"):
        trent = Trent(mode)
        idle = raw.connect(trent)  # a connection that asks nothing does not hold the end up
        same(trent.stop(how), 0, f"the exit status of {mode}")
        idle.close()


@claim
def a_clean_stop_leaves_the_store_closed():
    # A log beside the store would be folded into it by whoever opens it next, a start that is refused included.
    for _ in range(8):
        trent = Trent("serve")
        raw.new_key(trent)
        same(trent.stop(), 0, "the exit status")
        left = {p.name: p.stat().st_size for p in trent.data.glob("*-wal") if p.stat().st_size}
        same(left, {}, "what the store left beside it")
        trent.discard()


@claim
def each_request_is_logged_with_its_id():
    trent = shared("serve")
    answer = raw.call(trent, "DescribeKey", {"KeyId": "no-such-key"})
    holds(answer.header("x-amzn-RequestId") in trent.errors(), "the request id is not in the log")
    same(len(trent.said), 1, "the lines on standard output")


@claim
def a_key_found_in_another_world_is_told_to_the_log_and_not_to_the_caller():
    trent = shared("serve")
    key = raw.new_key(trent, region="eu-west-1")
    size = len(trent.errors())
    here = raw.call(trent, "DescribeKey", {"KeyId": key["KeyId"]})
    absent = raw.call(trent, "DescribeKey", {"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"})
    same(here.message.replace(key["KeyId"], ""), absent.message.replace("1234abcd-12ab-34cd-56ef-1234567890ab", ""), "the message, beside that of no key")
    hints = [line for line in trent.errors()[size:].splitlines() if "eu-west-1" in line and key["KeyId"] in line]
    holds(len(hints) == 1, f"the log says {trent.errors()[size:]}")
    holds(here.header("x-amzn-RequestId") in hints[0], f"the request id is not in the line {hints[0]}")


@claim
def every_line_of_the_log_about_a_request_has_its_id():
    trent = Trent("serve", "--log", "debug")
    size = len(trent.errors())
    for operation, parameters in (("CreateKey", {}), ("DescribeKey", {"KeyId": "nope"}), ("Decrypt", b"{"), ("Nope", {})):
        raw.call(trent, operation, parameters)
    raw.unsigned(trent, "ListKeys")
    lines = [line for line in trent.errors()[size:].splitlines() if " kms::" in line or " server::door" in line]
    holds(len(lines) >= 5, f"the log says {lines}")
    same([line for line in lines if "request_id" not in line], [], "the lines without a request id")
    trent.discard()
