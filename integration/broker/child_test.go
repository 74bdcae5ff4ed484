package broker

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology/worker"
)

// The environment of a child: this test binary again, as one process of the app.
const (
	childEnv   = "ABACUS_TEST_CHILD" // name of the app
	brokersEnv = "ABACUS_TEST_CHILD_BROKERS"
	stateEnv   = "ABACUS_TEST_CHILD_STATE"
	copiesEnv  = "ABACUS_TEST_CHILD_STANDBYS"
)

// What a child writes, a line each, so that who watches it knows what it does.
const (
	committed = "committed"
	obeys     = "obeys" // an order at a step, by the signal that follows
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
	topo, err := counting(os.Getenv(childEnv))
	if err != nil {
		return err
	}
	log, err := zap.NewDevelopment(zap.IncreaseLevel(zap.InfoLevel))
	if err != nil {
		return err
	}
	standbys, err := strconv.Atoi(os.Getenv(copiesEnv))
	if err != nil {
		return err
	}
	app, err := worker.New(topo, worker.Config{
		Brokers: strings.Split(os.Getenv(brokersEnv), ","), StateDir: os.Getenv(stateEnv), Workers: 1, Standbys: standbys, Logger: log,
		Hooks: worker.Hooks{
			Committed: func(int, int, time.Duration) { fmt.Println(committed) },
			Step:      obeyAtStep(),
		},
	})
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// obeyAtStep makes the hook that ends or halts this process at a step of a commit, as lines of
// stdin say: KILL 3, STOP 2.
func obeyAtStep() func(int, worker.Step) error {
	type order struct {
		step worker.Step
		sig  syscall.Signal
	}
	var pending atomic.Pointer[order]
	go func() { // ends with the process
		for scan := bufio.NewScanner(os.Stdin); scan.Scan(); {
			o := &order{sig: syscall.SIGKILL}
			if _, err := fmt.Sscanf(scan.Text(), "STOP %d", &o.step); err == nil {
				o.sig = syscall.SIGSTOP
			} else if _, err := fmt.Sscanf(scan.Text(), "KILL %d", &o.step); err != nil {
				panic(err)
			}
			pending.Store(o)
		}
	}()
	return func(_ int, at worker.Step) error {
		if o := pending.Load(); o != nil && o.step == at {
			pending.Store(nil)
			fmt.Println(obeys)
			_ = syscall.Kill(os.Getpid(), o.sig)
		}
		return nil
	}
}
