package services

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Broker is an Apache Kafka of one node, broker and controller in one.
type Broker struct {
	Addr    string // host:port
	jars    string
	dir     string // properties, log and data
	process *Process
}

// properties keep one node small and quick: few internal partitions, no waiting for members, for
// the session of its own that ended with a SIGKILL, or for the next look at transactions overdue.
const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
advertised.listeners=PLAINTEXT://%[1]s
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=500
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
`

const logging = `rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
`

// newBroker formats a data folder and starts a broker on it; a port that another process took in
// the meantime is a reason to try others.
func newBroker(jars string) (b *Broker, err error) {
	b = &Broker{jars: jars}
	for try := 0; ; try++ {
		if b.dir, err = os.MkdirTemp("", "abacus-kafka-"); err != nil {
			return nil, err
		}
		if err = b.format(); err == nil {
			err = b.start()
		}
		if err == nil {
			return b, nil
		}
		b.end(try == 2)
		if try == 2 {
			return nil, err
		}
		say("Kafka did not start, trying other ports: %v", err)
	}
}

func (b *Broker) format() error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	b.Addr = ports[0]
	server := fmt.Sprintf(properties, ports[0], ports[1], filepath.Join(b.dir, "data"))
	if err := errors.Join(b.write("server.properties", server), b.write("log4j2.properties", logging)); err != nil {
		return err
	}
	format := b.java("kafka.tools.StorageTool", "format", "-t", "abacusAbacusAbacusAbac", "-c", filepath.Join(b.dir, "server.properties"))
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format storage: %w: %s", err, out)
	}
	return nil
}

func (b *Broker) write(name, text string) error {
	return os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644)
}

// javaOptions leave the machine to the test, whose broker lives for minutes: the quick compiler and
// the plain collector.
const javaOptions = "-Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// java runs a class of the broker's jars.
func (b *Broker) java(class string, args ...string) *exec.Cmd {
	options := strings.Fields(cmp.Or(os.Getenv("ABACUS_TEST_JAVA"), javaOptions))
	options = append(options, "-Xshare:auto", "-Dlog4j2.configurationFile="+filepath.Join(b.dir, "log4j2.properties"),
		"-cp", filepath.Join(b.jars, "*"), class)
	return exec.Command("java", append(options, args...)...)
}

// start starts the process and waits until it answers.
func (b *Broker) start() error {
	out, err := os.OpenFile(b.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := b.java("kafka.Kafka", filepath.Join(b.dir, "server.properties"))
	cmd.Stdout, cmd.Stderr = out, out
	if b.process, err = Start(cmd); err != nil {
		return err
	}
	return b.answers(time.Minute)
}

func (b *Broker) log() string { return filepath.Join(b.dir, "kafka.log") }

// answers waits until the broker serves: until then its metadata does not name it.
func (b *Broker) answers(patience time.Duration) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.RequestRetries(0))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		meta, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
		if err == nil && len(meta.Brokers) > 0 {
			return nil
		}
		if err == nil {
			err = errors.New("no broker is registered")
		}
		select {
		case <-b.process.Ended():
			return fmt.Errorf("the broker ended: %s", tail(b.log()))
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s after %s: %w: %s", b.Addr, patience, err, tail(b.log()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Restart ends the broker, by SIGKILL if kill is set, and starts it again on its data; it returns
// when the broker answers. What it had acknowledged is in the page cache and survives.
func (b *Broker) Restart(t testing.TB, kill bool) {
	t.Helper()
	if kill {
		b.process.Kill()
	} else {
		b.process.Stop(30 * time.Second)
	}
	if err := b.start(); err != nil {
		t.Fatalf("restart Kafka: %v", err)
	}
}

// end stops the broker for good. The log stays after a failure.
func (b *Broker) end(failed bool) {
	if b.process != nil {
		b.process.Kill()
	}
	gone := filepath.Join(b.dir, "data")
	if failed {
		say("the log of Kafka is kept: %s", b.log())
	} else if strings.Contains(filepath.Base(b.dir), "abacus-kafka-") {
		gone = b.dir
	}
	if err := os.RemoveAll(gone); err != nil {
		say("%v", err)
	}
}
