package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// App runs a topology in this process.
type App struct {
	topo    *topology.Topology
	cfg     Config
	log     *zap.Logger
	client  *kgo.Client // for admin, restore and globals: never consumes by group nor produces
	admin   *kadm.Client
	engine  *engine
	topics  *topics
	globals *globals
	copies  *standbys
	desk    *desk
	turns   turns
	sources sources
	alarm   alarm
	closing sync.RWMutex // held by a backup, and shared by reads of standbys, which need the engine open
	ran     atomic.Bool
}

// New checks the configuration; nothing is opened before Run.
func New(t *topology.Topology, cfg Config) (*App, error) {
	if t == nil {
		return nil, errors.New("worker: no topology; give New one of topology.Builder.Build, whose error is nil")
	}
	cfg.defaults(t.App)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a := &App{topo: t, cfg: cfg, log: cfg.Logger.With(zap.String("app", t.App)), desk: newDesk(), turns: newTurns()}
	if err := a.checkAsides(); err != nil {
		return nil, err
	}
	a.copies = newStandbys(a)
	return a, nil
}

// Run processes until ctx ends, for whatever cause; then it commits what is processed and leaves the group. An error
// is one that another try would meet again. An App runs once: a second Run is refused, New gives another App.
func (a *App) Run(ctx context.Context) (err error) {
	if a.ran.Swap(true) {
		return fmt.Errorf("app %s: it has been run already: New gives another that can be", a.topo.App)
	}
	if err := a.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped before it had begun
		}
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	failed := make(chan error, 1) // the first one wins
	start := func(run func(context.Context) error) {
		wg.Go(func() {
			if err := guarded(ctx, run); err != nil {
				select {
				case failed <- err:
				default:
				}
				stop()
			}
		})
	}
	start(a.globals.follow)
	start(a.purge)
	start(a.pressure)
	start(a.copies.follow)
	for i := range a.cfg.Workers {
		w := newWorker(a, i)
		start(w.run)
	}
	wg.Wait()
	close(a.desk.closed)
	close(failed)
	return <-failed
}

// guarded is a run whose panic, as one of a hook, is its error.
func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer recovered(&err)
	return run(ctx)
}

// recovered, deferred, makes a panic of the user's code an error with its place.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// open makes everything the workers share: engine, client, topics, global tables.
func (a *App) open(ctx context.Context) (err error) {
	if a.engine, err = openEngine(&a.cfg); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.client, err = kgo.NewClient(a.cfg.base(a.topo.App)...); err != nil {
		return fmt.Errorf("app %s: client: %w", a.topo.App, err)
	}
	a.admin = kadm.NewClient(a.client)
	if err = a.checkCluster(ctx); err != nil {
		return fmt.Errorf("app %s: %w", a.topo.App, err)
	}
	if a.topics, err = a.ensureTopics(ctx); err != nil {
		return fmt.Errorf("app %s: topics: %w", a.topo.App, err)
	}
	if a.globals, err = newGlobals(a); err == nil {
		err = a.globals.load(ctx)
	}
	if err != nil {
		return fmt.Errorf("app %s: global tables: %w", a.topo.App, err)
	}
	a.desk.open(a.topics.partitions)
	a.log.Info("app started", zap.String("instance", a.engine.instance), zap.Int("workers", a.cfg.Workers))
	return nil
}

// checkCluster refuses a cluster whose transactions are of the old protocol: there offsets committed
// as a worker does are in no transaction, and a delayed EndTxn could end a later one.
func (a *App) checkCluster(ctx context.Context) error {
	if a.cfg.Guarantee == AtLeastOnce {
		return nil
	}
	brokers, err := a.admin.ApiVersions(ctx)
	if err != nil {
		return a.unreachable(err)
	}
	answered := errors.New("no broker answered")
	for _, b := range brokers.Sorted() {
		if b.Err != nil {
			answered = b.Err
			continue
		}
		for _, f := range b.Raw().FinalizedFeatures {
			if f.Name == "transaction.version" && f.MaxVersionLevel >= 2 {
				return nil
			}
		}
		return errors.New("the cluster's transaction.version is below 2: Apache Kafka 4 has it; after an upgrade run kafka-features.sh upgrade --feature transaction.version=2")
	}
	return a.unreachable(answered)
}

// unreachable says what to look at when no broker answers.
func (a *App) unreachable(err error) error {
	return fmt.Errorf("no broker of %v answers: check Config.Brokers and, where the cluster asks for TLS or SASL, Config.Dial and Config.Client: %w", a.cfg.Brokers, err)
}

// StoreName names a store of a task in the engine of the process.
func StoreName(app string, id topology.TaskID, def topology.Store) string {
	return fmt.Sprintf("%s/%s/%s", app, id, def.Name)
}

func (a *App) storeName(id topology.TaskID, def topology.Store) string {
	return StoreName(a.topo.App, id, def)
}

func (a *App) close() error {
	if a.globals != nil {
		a.globals.close()
	}
	if a.client != nil {
		a.client.Close()
	}
	a.closing.Lock()
	defer a.closing.Unlock()
	return a.engine.close()
}
