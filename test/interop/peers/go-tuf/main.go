// go-tuf as a peer.
//
//	go-tuf version
//	go-tuf make DIR                    a repository with what the library knows how to make
//	go-tuf cosign-key DIR PASSPHRASE   cosign.key and cosign.pub, by the library that cosign generate-key-pair calls
//	go-tuf read URL ROOT TARGET...     refreshes from URL/metadata and downloads each target from URL/targets
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

var expires = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

type key struct {
	public *metadata.Key
	signer signature.Signer
}

func newKey(kind string) key {
	switch kind {
	case "ed25519":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		check(err)
		return key{must(metadata.KeyFromPublicKey(private.Public())), must(signature.LoadSigner(private, crypto.Hash(0)))}
	case "ecdsa":
		private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		return key{must(metadata.KeyFromPublicKey(private.Public())), must(signature.LoadSigner(private, crypto.SHA256))}
	default:
		private := must(rsa.GenerateKey(rand.Reader, 2048))
		options := &rsa.PSSOptions{Hash: crypto.SHA256}
		return key{must(metadata.KeyFromPublicKey(private.Public())), must(signature.LoadRSAPSSSigner(private, crypto.SHA256, options))}
	}
}

func sign[T metadata.Roles](document *metadata.Metadata[T], keys ...key) {
	for _, key := range keys {
		must(document.Sign(key.signer))
	}
}

func id(key key) string {
	return must(key.public.ID())
}

func addTarget(directory, path string, content []byte, document *metadata.Metadata[metadata.TargetsType]) {
	file := must(metadata.TargetFile().FromBytes(path, content, "sha256", "sha512"))
	folder := filepath.Join(directory, "targets", filepath.Dir(path))
	check(os.MkdirAll(folder, 0o755))
	for _, hash := range file.Hashes {
		check(os.WriteFile(filepath.Join(folder, hash.String()+"."+filepath.Base(path)), content, 0o644))
	}
	document.Signed.Targets[path] = file
}

func makeRepository(directory string) {
	folder := filepath.Join(directory, "metadata")
	check(os.MkdirAll(folder, 0o755))
	rootKeys := []key{newKey("ed25519"), newKey("rsa"), newKey("ecdsa")}
	targetsKeys := []key{newKey("ecdsa"), newKey("rsa")}
	snapshotKey, timestampKey := newKey("ed25519"), newKey("ecdsa")
	teamKey, binsKey := newKey("ed25519"), newKey("ecdsa")

	root := metadata.Root(expires)
	for _, key := range rootKeys {
		check(root.Signed.AddKey(key.public, "root"))
	}
	for _, key := range targetsKeys {
		check(root.Signed.AddKey(key.public, "targets"))
	}
	check(root.Signed.AddKey(snapshotKey.public, "snapshot"))
	check(root.Signed.AddKey(timestampKey.public, "timestamp"))
	root.Signed.Roles["root"].Threshold = 2
	root.Signed.Roles["targets"].Threshold = 2
	sign(root, rootKeys...)
	check(root.ToFile(filepath.Join(folder, "1.root.json"), true))

	fresh := newKey("ed25519")
	check(root.Signed.RevokeKey(id(rootKeys[0]), "root"))
	check(root.Signed.AddKey(fresh.public, "root"))
	root.Signed.Version = 2
	root.ClearSignatures()
	sign(root, append([]key{fresh}, rootKeys...)...)
	check(root.ToFile(filepath.Join(folder, "2.root.json"), true))

	targets := metadata.Targets(expires)
	addTarget(directory, "hello.txt", []byte("hello"), targets)
	addTarget(directory, "dir/with space+plus.bin", make([]byte, 10_000), targets)
	targets.Signed.Delegations = &metadata.Delegations{
		Keys: map[string]*metadata.Key{id(teamKey): teamKey.public, id(binsKey): binsKey.public},
		Roles: []metadata.DelegatedRole{
			{Name: "team", KeyIDs: []string{id(teamKey)}, Threshold: 1, Terminating: true, Paths: []string{"team/*"}},
			{Name: "bins", KeyIDs: []string{id(binsKey)}, Threshold: 1, Paths: []string{"*/*"}},
		},
	}
	sign(targets, targetsKeys...)
	team := metadata.Targets(expires)
	addTarget(directory, "team/one", []byte("one"), team)
	sign(team, teamKey)
	succinct := &metadata.SuccinctRoles{KeyIDs: []string{id(binsKey)}, Threshold: 1, BitLength: 3, NamePrefix: "bin"}
	bins := metadata.Targets(expires)
	bins.Signed.Delegations = &metadata.Delegations{
		Keys:          map[string]*metadata.Key{id(binsKey): binsKey.public},
		SuccinctRoles: succinct,
	}
	sign(bins, binsKey)
	files := map[string]*metadata.Metadata[metadata.TargetsType]{"targets": targets, "team": team, "bins": bins}
	for _, name := range succinct.GetRoles() {
		files[name] = metadata.Targets(expires)
	}
	for index := range 6 {
		path := fmt.Sprintf("pkg/%d.whl", index)
		addTarget(directory, path, []byte(path), files[succinct.GetRolesForTarget(path)[0].Name])
	}
	for _, name := range succinct.GetRoles() {
		sign(files[name], binsKey)
	}

	snapshot := metadata.Snapshot(expires)
	for name, document := range files {
		file := fmt.Sprintf("%d.%s.json", document.Signed.Version, url.PathEscape(name))
		check(document.ToFile(filepath.Join(folder, file), true))
		snapshot.Signed.Meta[name+".json"] = metadata.MetaFile(document.Signed.Version)
	}
	sign(snapshot, snapshotKey)
	check(snapshot.ToFile(filepath.Join(folder, "1.snapshot.json"), true))
	timestamp := metadata.Timestamp(expires)
	sign(timestamp, timestampKey)
	check(timestamp.ToFile(filepath.Join(folder, "timestamp.json"), true))
}

func read(base, rootFile string, paths []string) {
	settings := must(config.New(base+"/metadata", must(os.ReadFile(rootFile))))
	settings.LocalMetadataDir = must(os.MkdirTemp("", "go-tuf-"))
	settings.LocalTargetsDir = settings.LocalMetadataDir
	settings.RemoteTargetsURL = base + "/targets"
	defer os.RemoveAll(settings.LocalMetadataDir)
	client := must(updater.New(settings))
	check(client.Refresh())
	for _, path := range paths {
		info := must(client.GetTargetInfo(path))
		_, content, err := client.DownloadTarget(info, "", "")
		check(err)
		sum := sha256.Sum256(content)
		fmt.Println(hex.EncodeToString(sum[:]), path)
	}
}

func makeCosignKey(directory, passphrase string) {
	private, public, err := cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P256(), cryptoutils.StaticPasswordFunc([]byte(passphrase)))
	check(err)
	check(os.WriteFile(filepath.Join(directory, "cosign.key"), private, 0o600))
	check(os.WriteFile(filepath.Join(directory, "cosign.pub"), public, 0o644))
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/theupdateframework/go-tuf/v2" {
			return dependency.Version
		}
	}
	return "unknown"
}

func main() {
	switch arguments := os.Args[1:]; {
	case len(arguments) == 1 && arguments[0] == "version":
		fmt.Println(version())
	case len(arguments) == 2 && arguments[0] == "make":
		makeRepository(arguments[1])
	case len(arguments) == 3 && arguments[0] == "cosign-key":
		makeCosignKey(arguments[1], arguments[2])
	case len(arguments) > 2 && arguments[0] == "read":
		read(arguments[1], arguments[2], arguments[3:])
	default:
		fmt.Fprintln(os.Stderr, "usage: version | make DIR | cosign-key DIR PASSPHRASE | read URL ROOT TARGET...")
		os.Exit(2)
	}
}
