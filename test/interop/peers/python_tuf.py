"""python-tuf as a peer.

    python_tuf.py version
    python_tuf.py make DIR [ml-dsa]    a repository with everything that the library knows how to make; with ml-dsa, every
                                       role needs an ML-DSA key too (securesystemslib 1.6, cryptography 48)
    python_tuf.py keys DIR             a private key of each kind, KIND.key and KIND.pub
    python_tuf.py sign KEY             signs "payload" with the key file, under file2:, and prints the signature in hex
    python_tuf.py read URL ROOT TARGET...   refreshes from URL/metadata and downloads each target from URL/targets
"""

import hashlib
import sys
import tempfile
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import tuf
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import Updater

EXPIRES = datetime(2040, 1, 1, tzinfo=timezone.utc)


def ml_dsa_signers() -> dict[str, CryptoSigner]:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return {
        "root": CryptoSigner(mldsa.MLDSA65PrivateKey.generate()),
        "timestamp": CryptoSigner(mldsa.MLDSA44PrivateKey.generate()),
        "snapshot": CryptoSigner(mldsa.MLDSA65PrivateKey.generate()),
        "targets": CryptoSigner(mldsa.MLDSA87PrivateKey.generate()),
    }


def make(directory: Path, quantum_safe: bool) -> None:
    metadata = directory / "metadata"
    targets_dir = directory / "targets"
    metadata.mkdir(parents=True)

    def write(name: str, document: Metadata) -> bytes:
        data = document.to_bytes(JSONSerializer(compact=False))
        (metadata / name).write_bytes(data)
        return data

    def target(path: str, content: bytes, algorithms: list[str]) -> TargetFile:
        file = TargetFile.from_data(path, content, algorithms)
        folder = targets_dir / Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        for digest in file.hashes.values():
            (folder / f"{digest}.{Path(path).name}").write_bytes(content)
        return file

    signers = {
        "root": [CryptoSigner.generate_ed25519(), CryptoSigner.generate_rsa(), CryptoSigner.generate_ecdsa()],
        "timestamp": [CryptoSigner.generate_ed25519()],
        "snapshot": [CryptoSigner.generate_ecdsa()],
        "targets": [CryptoSigner.generate_rsa(), CryptoSigner.generate_ed25519()],
    }
    root = Metadata(Root(version=1, expires=EXPIRES, consistent_snapshot=True))
    for role, keys in signers.items():
        for signer in keys:
            root.signed.add_key(signer.public_key, role)
    root.signed.roles["root"].threshold = 2
    root.signed.roles["targets"].threshold = 2
    for role, signer in (ml_dsa_signers() if quantum_safe else {}).items():
        root.signed.add_key(signer.public_key, role)
        signers[role].append(signer)
        root.signed.roles[role].threshold = len(signers[role])
    for signer in signers["root"]:
        root.sign(signer, append=True)
    write("1.root.json", root)

    # Version 2 replaces a root key and the timestamp's: signed by enough of the old and of the new.
    old = signers["root"][0]
    fresh = CryptoSigner.generate_ed25519()
    root.signed.revoke_key(old.public_key.keyid, "root")
    root.signed.add_key(fresh.public_key, "root")
    root.signed.revoke_key(signers["timestamp"][0].public_key.keyid, "timestamp")
    signers["timestamp"][0] = CryptoSigner.generate_ecdsa()
    root.signed.add_key(signers["timestamp"][0].public_key, "timestamp")
    root.signed.version = 2
    root.signatures.clear()
    for signer in [old, *signers["root"][1:], fresh]:
        root.sign(signer, append=True)
    write("2.root.json", root)

    team_signers = [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa()]
    bins_signer = CryptoSigner.generate_ed25519()
    top = Metadata(Targets(version=3, expires=EXPIRES))
    for path, content, algorithms in [
        ("hello.txt", b"hello", ["sha256", "sha512"]),
        ("dir/with space+plus.bin", bytes(range(256)) * 40, ["sha256"]),
        ("only-sha512", b"five twelve", ["sha512"]),
    ]:
        top.signed.targets[path] = target(path, content, algorithms)
    team = DelegatedRole(
        "team ü/a", [s.public_key.keyid for s in team_signers], 2, terminating=True, paths=["team/*", "team/?/deep-*"]
    )
    bins = DelegatedRole("bins", [bins_signer.public_key.keyid], 1, terminating=False, paths=["*/*", "*"])
    keys = {s.public_key.keyid: s.public_key for s in [*team_signers, bins_signer]}
    top.signed.delegations = Delegations(keys, {"team ü/a": team, "bins": bins})
    for signer in signers["targets"]:
        top.sign(signer, append=True)

    files = {"targets": top}
    delegated = Metadata(Targets(version=2, expires=EXPIRES))
    for path, content in [("team/one", b"one"), ("team/x/deep-er", b"deeper")]:
        delegated.signed.targets[path] = target(path, content, ["sha256"])
    for signer in team_signers:
        delegated.sign(signer, append=True)
    files["team ü/a"] = delegated

    succinct = SuccinctRoles([bins_signer.public_key.keyid], 1, 3, "bin")
    parent = Metadata(Targets(version=1, expires=EXPIRES))
    parent.signed.delegations = Delegations({bins_signer.public_key.keyid: bins_signer.public_key}, None, succinct)
    parent.sign(bins_signer)
    files["bins"] = parent
    binned = {name: Metadata(Targets(version=1, expires=EXPIRES)) for name in succinct.get_roles()}
    for index in range(12):
        path, content = f"pkg/{index}.whl", f"package {index}".encode()
        binned[succinct.get_role_for_target(path)].signed.targets[path] = target(path, content, ["sha256"])
    for name, document in binned.items():
        document.sign(bins_signer)
        files[name] = document

    snapshot = Metadata(Snapshot(version=4, expires=EXPIRES))
    for name, document in files.items():
        data = write(f"{document.signed.version}.{quote(name, '')}.json", document)
        digest = hashlib.sha256(data).hexdigest()
        snapshot.signed.meta[f"{name}.json"] = MetaFile(document.signed.version, len(data), {"sha256": digest})
    for signer in signers["snapshot"]:
        snapshot.sign(signer, append=True)
    data = write("4.snapshot.json", snapshot)
    timestamp = Metadata(Timestamp(version=5, expires=EXPIRES))
    timestamp.signed.snapshot_meta = MetaFile(4, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
    for signer in signers["timestamp"]:
        timestamp.sign(signer, append=True)
    write("timestamp.json", timestamp)


def read(url: str, root: Path, paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as home:
        updater = Updater(
            metadata_dir=home,
            metadata_base_url=f"{url}/metadata/",
            target_dir=home,
            target_base_url=f"{url}/targets/",
            bootstrap=root.read_bytes(),
        )
        updater.refresh()
        for path in paths:
            info = updater.get_targetinfo(path)
            if info is None:
                raise SystemExit(f"{path} was not found")
            content = Path(updater.download_target(info)).read_bytes()
            print(hashlib.sha256(content).hexdigest(), path)


def keys(directory: Path) -> None:
    for signer in (CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa(), CryptoSigner.generate_rsa()):
        kind = signer.public_key.keytype
        (directory / f"{kind}.key").write_bytes(signer.private_bytes)
        public = signer.public_key.keyval["public"]
        (directory / f"{kind}.pub").write_text(public)


def sign(path: str) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    public = SSlibKey.from_crypto(load_pem_private_key(Path(path).read_bytes(), None).public_key())
    signer = Signer.from_priv_key_uri(f"file2:{path}", public)
    print(signer.sign(b"payload").signature)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["version"]:
            print(tuf.__version__, "with securesystemslib", version("securesystemslib"))
        case ["make", directory]:
            make(Path(directory), False)
        case ["make", directory, "ml-dsa"]:
            make(Path(directory), True)
        case ["keys", directory]:
            keys(Path(directory))
        case ["sign", path]:
            sign(path)
        case ["read", url, root, *paths]:
            read(url, Path(root), paths)
        case _:
            raise SystemExit(__doc__)
