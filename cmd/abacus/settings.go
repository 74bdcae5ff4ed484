package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settings are what all commands share.
type settings struct {
	Brokers     []string
	Prefix      string // of topics, groups and transactional ids
	Redis       string
	StateDir    string
	Workers     int
	CommitEvery time.Duration
	Output      string // text or json
	File        string // of settings; empty: abacus.yaml, if it is there
}

// The forms of output.
const (
	textOutput = "text"
	jsonOutput = "json"
)

func (s *settings) bind(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringSliceVar(&s.Brokers, "brokers", []string{"localhost:9092"}, "Kafka brokers, `host:port`, comma-separated")
	flags.StringVar(&s.Prefix, "prefix", "abacus", "`prefix` of all topics and groups")
	flags.StringVar(&s.Redis, "redis", "redis://localhost:6379", "Redis `URL`; one database (/0, /1 ...) an installation")
	flags.StringVar(&s.StateDir, "state-dir", "./abacus-state", "`folder` of local state")
	flags.IntVar(&s.Workers, "workers", runtime.NumCPU(), "`number` of workers; default: cores")
	flags.DurationVar(&s.CommitEvery, "commit-every", 100*time.Millisecond, "most `time` between commits")
	flags.StringVarP(&s.Output, "output", "o", textOutput, "print as `text|json`")
	flags.StringVar(&s.File, "config", "", "`file` of settings (default abacus.yaml, if it is there)")
}

var prefixName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// validate reports every fault at once.
func (s *settings) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(len(s.Brokers) == 0, "--brokers: none given")
	fault(!prefixName.MatchString(s.Prefix), "--prefix %q: want letters, digits, '.', '_' and '-'", s.Prefix)
	fault(s.Workers < 1, "--workers %d: want at least 1", s.Workers)
	fault(s.CommitEvery <= 0, "--commit-every %s: want more than 0", s.CommitEvery)
	fault(s.Output != textOutput && s.Output != jsonOutput, "-o %q: want text or json", s.Output)
	if len(faults) == 0 {
		return nil
	}
	return &exitError{exitUsage, errors.Join(faults...)}
}

type settingsKey struct{}

// settingsOf returns the settings that hold for cmd, from its flags, the environment and the file. It is for RunE.
func settingsOf(cmd *cobra.Command) *settings {
	return cmd.Context().Value(settingsKey{}).(*settings)
}

func withSettings(ctx context.Context, s *settings) context.Context {
	return context.WithValue(ctx, settingsKey{}, s)
}
