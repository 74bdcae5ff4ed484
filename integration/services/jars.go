package services

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const kafkaVersion = "4.3.1"

// pom names the broker and what prints its log; Maven adds what they need.
const pom = `<project><modelVersion>4.0.0</modelVersion>
<groupId>abacus</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + kafkaVersion + `</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.3</version></dependency>
</dependencies></project>`

// jars gives the folder of the broker's jars below cache, and fills it when it is not there yet:
// under a lock, as other test binaries may want to, and by a rename, as this one may be killed.
func jars(cache string) (string, error) {
	dir := filepath.Join(cache, "kafka-"+kafkaVersion)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	say("fetching Apache Kafka %s by Maven into %s", kafkaVersion, dir)
	partial, err := os.MkdirTemp(cache, "partial-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	project := filepath.Join(partial, "pom.xml")
	if err := os.WriteFile(project, []byte(pom), 0o644); err != nil {
		return "", err
	}
	mvn := exec.Command("mvn", "-B", "-q", "-f", project, "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(partial, "jars"))
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", mvn, err, out)
	}
	return dir, os.Rename(filepath.Join(partial, "jars"), dir)
}

// lock waits for a file lock of the machine. It ends with the process at the latest.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// cacheDir is where this machine keeps what is fetched once.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "abacus-test"), err
}
