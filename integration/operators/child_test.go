package operators

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// The environment of a child: this test binary again, as one process of the app.
const (
	childEnv   = "ABACUS_TEST_OPERATORS" // name of the app
	kindEnv    = "ABACUS_TEST_OPERATORS_KIND"
	brokersEnv = "ABACUS_TEST_OPERATORS_BROKERS"
	stateEnv   = "ABACUS_TEST_OPERATORS_STATE"
)

// What a child writes, a line each.
const (
	holds = "holds" // about once a second, while tasks run in it
	armed = "armed" // it knows the step that it is to die at
)

// child runs the app until SIGTERM.
func child() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := runChild(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "the app ended by itself:", err)
		os.Exit(1)
	}
}

func runChild(ctx context.Context) error {
	var b topology.Builder
	name := os.Getenv(childEnv)
	applications[os.Getenv(kindEnv)].build(&b, name)
	topo, err := b.Build(name)
	if err != nil {
		return err
	}
	log, err := zap.NewDevelopment(zap.IncreaseLevel(zap.InfoLevel))
	if err != nil {
		return err
	}
	app, err := worker.New(topo, worker.Config{
		Brokers: strings.Split(os.Getenv(brokersEnv), ","), StateDir: os.Getenv(stateEnv), Workers: 1, Logger: log,
		IdleAfter: time.Hour, CommitEvery: 20 * time.Millisecond,
		Hooks: worker.Hooks{
			Reported: func(r worker.Report) {
				if len(r.Running) > 0 {
					fmt.Println(holds)
				}
			},
			Step: dieAtStep(),
		},
	})
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// dieAtStep makes the hook that ends this process by SIGKILL at the step of a commit that a line of stdin names.
func dieAtStep() func(int, worker.Step) error {
	var at atomic.Int64
	go func() { // ends with the process
		for scan := bufio.NewScanner(os.Stdin); scan.Scan(); {
			var step int64
			if _, err := fmt.Sscan(scan.Text(), &step); err != nil {
				panic(err)
			}
			at.Store(step)
			fmt.Println(armed)
		}
	}()
	return func(_ int, step worker.Step) error {
		if at.Load() == int64(step) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
}
