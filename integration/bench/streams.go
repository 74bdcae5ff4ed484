package bench

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// jvm is how Kafka Streams runs; the rest of its settings are in streams/src/main/resources/streams.properties.
const jvm = "-XX:+UseParallelGC -Xms1g -Xmx1g"

// streamsVersion is that of streams/pom.xml, for the report.
const streamsVersion = "4.3.1"

// buildStreams has Maven compile the contender and fetch what it needs, once, and gives the class path.
var buildStreams = sync.OnceValues(func() (string, error) {
	if err := findJava(); err != nil {
		return "", err
	}
	dir, err := filepath.Abs("streams")
	if err != nil {
		return "", err
	}
	mvn := exec.Command("mvn", "-B", "-q", "-f", filepath.Join(dir, "pom.xml"), "compile", "dependency:copy-dependencies")
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s: %s", mvn, err, out, withoutJava)
	}
	return filepath.Join(dir, "target", "classes") + ":" + filepath.Join(dir, "target", "lib", "*"), nil
})

const withoutJava = "Kafka Streams needs a Java of release 17 or later and Maven; to do without it, name other contenders and trials, as ARGS=-only=tagged"

func findJava() error {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: %s", err, withoutJava)
		}
	}
	return nil
}

// streams is the command of a job for Kafka Streams.
func streams(j job) (*exec.Cmd, error) {
	path, err := buildStreams()
	if err != nil {
		return nil, err
	}
	if j.Profile != "" {
		return nil, errors.New("a JVM writes no pprof profile")
	}
	args := append(strings.Fields(jvm), "-cp", path, "bench.Contender", j.events(), j.results(),
		"application.id="+j.App, "bootstrap.servers="+strings.Join(j.Brokers, ","), "state.dir="+j.Dir, "num.stream.threads="+strconv.Itoa(j.Workers))
	return exec.Command("java", args...), nil
}
