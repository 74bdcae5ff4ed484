package topologytest_test

import (
	"testing"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

func TestStories(t *testing.T) {
	loose := topologytest.As(codecs.String, codecs.Int64)
	loose.ParseValue = func(text string) ([]byte, error) {
		data, err := topologytest.As(codecs.String, codecs.Int64).ParseValue(text)
		if err != nil {
			return []byte(text), nil // a record that does not decode
		}
		return data, nil
	}
	topologytest.Stories{
		Topologies: map[string]func(b *topology.Builder){
			"letters": func(b *topology.Builder) {
				in := topology.From(b, "letters", codecs.String, codecs.String)
				topology.To(tallies(topology.Repartition(in, "moved")), "tallies")
			},
			"tally": func(b *topology.Builder) {
				topology.To(tallies(topology.From(b, "letters", codecs.String, codecs.String)), "tallies")
			},
			"prices": func(b *topology.Builder) {
				topology.To(topology.From(b, "prices", codecs.String, codecs.Int64), "copy")
			},
			"times": func(b *topology.Builder) {
				in := topology.From(b, "letters", codecs.String, codecs.String)
				topology.To(topology.WithCodecs(timed(in), codecs.String, codecs.Codec[moment](moments{})), "times")
			},
			"windows": func(b *topology.Builder) {
				in := topology.From(b, "letters", codecs.String, codecs.String)
				windows := processors.Window(in, processors.Tumbling{Size: 5 * time.Second, Emit: processors.OnClose})
				topology.To(processors.CountWindows(windows, "windows"), "counts")
			},
			"unnamed": func(b *topology.Builder) {
				topology.Repartition(topology.From(b, "letters", codecs.String, codecs.String), "")
			},
		},
		Forms: map[string]topologytest.Form{
			"counts": topologytest.As(codecs.Codec[processors.Windowed[string]](processors.WindowedCodec[string]{Key: codecs.String}), codecs.Int64),
			"prices": loose, "copy": topologytest.As(codecs.String, codecs.Int64), "times": topologytest.As(codecs.String, codecs.Codec[moment](moments{})),
		},
	}.Run(t, "testdata/stories")
}

// moment is a value with a form of its own.
type moment int64

func (m moment) Show(clock func(ms int64) string) string { return "at " + clock(int64(m)) }

type moments struct{}

func (moments) Append(dst []byte, m moment) ([]byte, error) {
	return codecs.Int64.Append(dst, int64(m))
}
func (moments) Parse(data []byte, m *moment) error { return codecs.Int64.Parse(data, (*int64)(m)) }

// timed forwards the event time of each record.
func timed(in stream) topology.Stream[string, moment] {
	return topology.Process(in, "timed", topology.Needs{}, func(out topology.Forward[string, moment]) topology.Processor[string, string] {
		return clocking{out}
	})
}

type clocking struct {
	out topology.Forward[string, moment]
}

func (clocking) Init(topology.Context) error { return nil }

func (c clocking) Process(rec *topology.Record[string, string]) error {
	return c.out(&topology.Record[string, moment]{Key: rec.Key, Value: moment(rec.Time), Time: rec.Time})
}
