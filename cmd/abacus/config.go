package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	envPrefix   = "ABACUS_"
	defaultFile = "abacus.yaml"
)

// configure sets every flag of cmd that the command line leaves alone from the environment, else from the file of
// settings. Flag commit-every is ABACUS_COMMIT_EVERY, and commit-every: in the file, where a section named like the
// command (experiments.apply: of a nested one) goes before the top level.
func configure(cmd *cobra.Command, environ []string) error {
	k, path, err := readFile(cmd, environ)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	inFile := k.Copy()
	if err := k.Load(env.Provider(".", env.Opt{
		Prefix:        envPrefix,
		TransformFunc: func(key, value string) (string, any) { return flagName(key), value },
		EnvironFunc:   func() []string { return environ },
	}), nil); err != nil {
		return fmt.Errorf("read the environment: %w", err)
	}
	var faults []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || !k.Exists(flag.Name) || slices.Contains(notSettings, flag.Name) {
			return
		}
		if err := setFlag(cmd.Flags(), flag, k.Get(flag.Name)); err != nil {
			from := path
			if !inFile.Exists(flag.Name) || k.String(flag.Name) != inFile.String(flag.Name) {
				from = envName(flag.Name)
			}
			faults = append(faults, fmt.Errorf("%s: %s: %w", from, flag.Name, err))
		}
	})
	if len(faults) > 0 {
		return &exitError{exitUsage, errors.Join(faults...)}
	}
	return nil
}

// notSettings are flags that only the command line sets.
var notSettings = []string{"help", "version", "config"}

func flagName(env string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(env, envPrefix)), "_", "-")
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// readFile reads the file of settings with the command's section on top. Only abacus.yaml may be missing.
func readFile(cmd *cobra.Command, environ []string) (k *koanf.Koanf, path string, err error) {
	k = koanf.New(".")
	path, named := filePath(cmd, environ)
	if err = k.Load(file.Provider(path), yaml.Parser()); err != nil {
		if !named && errors.Is(err, fs.ErrNotExist) {
			return k, path, nil
		}
		return nil, path, fmt.Errorf("file of settings %s: %w", path, err)
	}
	if err = checkKeys(cmd.Root(), k.Keys()); err != nil {
		return nil, path, fmt.Errorf("file of settings %s: %w", path, err)
	}
	if err = k.Merge(k.Cut(section(cmd))); err != nil {
		return nil, path, fmt.Errorf("file of settings %s: %s: %w", path, section(cmd), err)
	}
	return k, path, nil
}

func filePath(cmd *cobra.Command, environ []string) (path string, named bool) {
	if flag := cmd.Flags().Lookup("config"); flag != nil && flag.Changed {
		return flag.Value.String(), true
	}
	for _, entry := range slices.Backward(environ) {
		if value, found := strings.CutPrefix(entry, envName("config")+"="); found && value != "" {
			return value, true
		}
	}
	return defaultFile, false
}

// section is the key of the command's own settings: replay, experiments.apply.
func section(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return strings.ReplaceAll(path, " ", ".")
}

// checkKeys refuses keys that no command has: most are misspelt.
func checkKeys(root *cobra.Command, keys []string) error {
	known := map[string]bool{}
	var learn func(cmd *cobra.Command)
	learn = func(cmd *cobra.Command) {
		add := func(flag *pflag.Flag) {
			known[flag.Name] = true
			known[section(cmd)+"."+flag.Name] = true
		}
		root.PersistentFlags().VisitAll(add)
		cmd.LocalFlags().VisitAll(add)
		for _, sub := range cmd.Commands() {
			learn(sub)
		}
	}
	learn(root)
	var faults []error
	for _, key := range keys {
		if !known[key] || slices.Contains(notSettings, key) {
			faults = append(faults, fmt.Errorf("unknown setting %q", key))
		}
	}
	return errors.Join(faults...)
}

// setFlag sets a flag as the command line would; a list goes to a flag that takes several values.
func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, value any) error {
	items, isList := value.([]any)
	if !isList {
		return flags.Set(flag.Name, fmt.Sprint(value))
	}
	several, takesList := flag.Value.(pflag.SliceValue)
	if !takesList {
		return errors.New("takes one value, not a list")
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = fmt.Sprint(item)
	}
	flag.Changed = true
	return several.Replace(texts)
}

// environment is the process's own.
func environment() []string { return os.Environ() }
