package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/lovoo/goka"
	"golang.org/x/sync/errgroup"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// ErrNoAnswer is the cause where no processor decided before the context ended. The commands stay in their topic: they
// are decided as soon as one runs.
var ErrNoAnswer = errors.New("the registry did not answer: is abacus run running?")

// ErrUnreachable is the cause where no broker could be connected to.
var ErrUnreachable = errors.New("no broker can be reached")

func noAnswer(ctx context.Context) error {
	return fmt.Errorf("%w (%w)", ErrNoAnswer, context.Cause(ctx))
}

// RefusedError says why a command was not applied.
type RefusedError struct {
	Experiment string
	Command    string // id
	Reason     string // every fault, one a line
}

// Error names the experiment and the reason.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s: refused: %s", e.Experiment, e.Reason) }

// Apply sends definitions as Send does.
func Apply(ctx context.Context, cfg Config, definitions ...*experiment.Definition) ([]*experiment.Entry, error) {
	commands := make([]Command, len(definitions))
	for i, d := range definitions {
		commands[i] = Command{Kind: KindApply, Experiment: d.Experiment, Definition: d}
	}
	return Send(ctx, cfg, commands...)
}

// Send sends commands and waits until each is decided. It returns the entries in their order; of a refused one nil, and
// the error joins a RefusedError for each. A command without id gets one from what it asks for and the state that it is
// given in: to send the same again after a failure is safe. Give ctx a deadline.
func Send(ctx context.Context, cfg Config, commands ...Command) (entries []*experiment.Entry, err error) {
	err = WithView(ctx, cfg, func(ctx context.Context, v *View) (err error) {
		entries, err = v.Send(ctx, commands...)
		return err
	})
	return entries, err
}

// WithView calls do with a view that is ready and runs until do returns.
func WithView(ctx context.Context, cfg Config, do func(ctx context.Context, v *View) error) error {
	view, err := NewView(ctx, cfg)
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	group, work := errgroup.WithContext(work)
	group.Go(func() error { return view.Run(work) })
	group.Go(func() error {
		defer stop()
		select {
		case <-view.Ready():
			return do(work, view)
		case <-work.Done():
			return fmt.Errorf("registry: view of %s: %w", cfg.Table(), noAnswer(work))
		}
	})
	return group.Wait()
}

// Send is as the function Send, by a view that runs.
func (v *View) Send(ctx context.Context, commands ...Command) ([]*experiment.Entry, error) {
	select {
	case <-v.Ready():
	case <-ctx.Done():
		return nil, noAnswer(ctx)
	}
	for i := range commands {
		if !experiment.ValidName(commands[i].Experiment) {
			return nil, fmt.Errorf("registry: %q is no name of an experiment", commands[i].Experiment)
		}
		if err := identify(&commands[i], v.Entry(commands[i].Experiment)); err != nil {
			return nil, err
		}
	}
	if err := v.emit(commands); err != nil {
		return nil, err
	}
	entries := make([]*experiment.Entry, len(commands))
	var refused []error
	for i, cmd := range commands {
		err := v.await(ctx, func() bool { return decided(v.row(cmd.Experiment), cmd.ID) })
		if err != nil {
			return nil, fmt.Errorf("registry: %s %s: %w", cmd.Kind, cmd.Experiment, err)
		}
		entry := v.row(cmd.Experiment)
		if no := refusal(entry, cmd.ID); no != nil {
			refused = append(refused, &RefusedError{cmd.Experiment, cmd.ID, no.Reason})
			continue
		}
		entries[i] = entry
	}
	return entries, errors.Join(refused...)
}

// emit sends the commands and waits for their acknowledgement.
func (v *View) emit(commands []Command) (err error) {
	emitter, err := goka.NewEmitter(v.cfg.Brokers, goka.Stream(v.cfg.Commands()), codecs.JSON[Command](),
		goka.WithEmitterClientID("abacus-registry-send"),
		goka.WithEmitterLogger(logger{v.log}),
		goka.WithEmitterProducerBuilder(producer),
	)
	if err != nil {
		return fmt.Errorf("registry: brokers %v: %w", v.cfg.Brokers, err)
	}
	defer func() { err = errors.Join(err, emitter.Finish()) }()
	for _, cmd := range commands {
		if err := emitter.EmitSync(cmd.Experiment, cmd); err != nil {
			return fmt.Errorf("registry: send %s %s: %w", cmd.Kind, cmd.Experiment, err)
		}
	}
	return nil
}
