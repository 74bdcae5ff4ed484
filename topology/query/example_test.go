package query_test

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/query"
	"github.com/abacus-stream/abacus/topology/worker"
)

// pageViews counts views by page, and by page and minute.
func pageViews(b *topology.Builder) {
	views := topology.From(b, "views", codecs.String, codecs.String)
	processors.Count(views, "counts")
	processors.CountWindows(processors.Window(views, processors.Tumbling{Size: time.Minute, Grace: 24 * time.Hour}), "minutes")
}

// running runs an app on a Kafka of its own with three views of a page, the last one a minute later.
func running(start time.Time) (app *worker.App, stop func()) {
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "views"))
	check(err)
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka.ListenAddrs()...), kgo.DefaultProduceTopic("views"))
	check(err)
	for _, after := range []time.Duration{0, time.Second, time.Minute} {
		check(client.ProduceSync(context.Background(), &kgo.Record{Key: []byte("/home"), Value: []byte("ann"), Timestamp: start.Add(after)}).FirstErr())
	}
	var b topology.Builder
	pageViews(&b)
	topo, err := b.Build("views-app")
	check(err)
	app, err = worker.New(topo, worker.Config{Brokers: kafka.ListenAddrs(), Memory: true})
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	return app, func() {
		cancel()
		check(<-done)
		client.Close()
		kafka.Close()
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// until waits for an app to have come so far, for a minute.
func until(done func() bool) {
	began := time.Now()
	for tick := time.Tick(10 * time.Millisecond); !done(); <-tick {
		if time.Since(began) > time.Minute {
			panic("the app has not come so far in a minute")
		}
	}
}

func ExampleKeys() {
	app, stop := running(time.Now().Truncate(time.Minute))
	defer stop()
	store, err := app.Store("counts")
	check(err)
	counts := query.Keys(store, codecs.String, codecs.Int64)
	until(func() bool {
		n, _, err := counts.Get(context.Background(), "/home")
		return err == nil && n == 3
	})
	for e, err := range counts.All(context.Background()) {
		check(err)
		fmt.Println(e.Key, e.Value)
	}
	// Output: /home 3
}

func ExampleWindows() {
	start := time.Now().Truncate(time.Minute)
	app, stop := running(start)
	defer stop()
	store, err := app.Store("minutes")
	check(err)
	minutes, ctx := query.Windows(store, codecs.String, codecs.Int64), context.Background()
	until(func() bool {
		_, ok, err := minutes.Get(ctx, "/home", start.Add(time.Minute))
		return err == nil && ok
	})
	for e, err := range minutes.Fetch(ctx, "/home", start, time.Time{}) {
		check(err)
		fmt.Println(e.Key, time.UnixMilli(e.Start).Sub(start), e.Value)
	}
	// Output:
	// /home 0s 2
	// /home 1m0s 1
}
