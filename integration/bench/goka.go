package bench

import (
	"context"
	"sync/atomic"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"

	"github.com/abacus-stream/abacus/codecs"
)

// runGoka counts the events by key in a goka group table, with goka's own settings but for what it cannot do without:
// the protocol of this broker, and the start of the topic.
func runGoka(ctx context.Context, j job, m *meter) error {
	settings := goka.DefaultConfig()
	settings.Version = sarama.V4_0_0_0
	settings.Consumer.Offsets.Initial = sarama.OffsetOldest
	goka.ReplaceGlobalConfig(settings)
	keep := storage.MemoryBuilder()
	if j.Dir != "" {
		keep = storage.DefaultBuilder(j.Dir)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var counted atomic.Int64
	count := func(ctx goka.Context, _ any) {
		m.begin()
		n, _ := ctx.Value().(int64)
		ctx.SetValue(n + 1)
		if counted.Add(1) == j.Records {
			m.end()
			stop()
		}
	}
	group := goka.DefineGroup(goka.Group(j.App), goka.Input(goka.Stream(j.Prefix+".events"), codecs.Bytes, count), goka.Persist(codecs.Int64))
	processor, err := goka.NewProcessor(j.Brokers, group, goka.WithStorageBuilder(keep))
	if err != nil {
		return err
	}
	return processor.Run(ctx)
}
