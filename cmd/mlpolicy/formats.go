package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// destination is an output format and the file that it is written to.
type destination struct {
	format string
	file   string // as the command line names it; empty for standard output
}

// formatsFlag is a flag with values of the form NAME or NAME=FILE. It can be repeated.
type formatsFlag struct {
	*cli.StringSliceFlag
	names []string
}

// String returns the help text of a flag that cannot be repeated, with the default.
func (f formatsFlag) String() string {
	return (&cli.StringFlag{Name: f.Name, Usage: f.Usage, Value: report.Text}).String()
}

// formatFlagOf returns the flag for the output formats of a command.
func formatFlagOf(names []string) cli.Flag {
	last := len(names) - 1
	list := strings.Join(names[:last], ", ") + " or " + names[last]
	return formatsFlag{names: names, StringSliceFlag: &cli.StringSliceFlag{
		Name: formatFlag, Usage: "write `FORMAT[=FILE]`; repeatable: " + list,
		Action: func(_ *cli.Context, values []string) error {
			_, err := destinations(values, names)
			return err
		},
	}}
}

// destinations parses the values of a formatsFlag. Standard output has the format text unless a value selects
// another one.
func destinations(values, names []string) ([]destination, error) {
	var list []destination
	files := map[string]string{} // formats by absolute path
	stdout := ""                 // the format for standard output
	for _, value := range values {
		name, file, toFile := strings.Cut(value, "=")
		switch {
		case !slices.Contains(names, name):
			return nil, usagef("--%s: unknown value %q: %s", formatFlag, name, suggest.Phrase(name, names))
		case toFile && file == "":
			return nil, usagef("--%s %s: the name of the file is empty", formatFlag, value)
		case slices.Contains([]string{"-", "/dev/stdout", "/dev/fd/1"}, file):
			return nil, usagef("--%s %s: use --%[1]s %[3]s to write to standard output", formatFlag, value, name)
		case toFile:
			path := resolved(file)
			if other, taken := files[path]; taken {
				return nil, usagef("--%s: %s and %s would both be written to %s", formatFlag, other, name, filepath.ToSlash(file))
			}
			files[path] = name
		case stdout != "":
			return nil, usagef("--%s: standard output takes one format, not %s and %s; write one to a file: --%[1]s %[3]s=FILE", formatFlag, stdout, name)
		default:
			stdout = name
		}
		list = append(list, destination{name, file})
	}
	if stdout == "" {
		list = append(list, destination{format: report.Text})
	}
	return list, nil
}

// maxLinks is how many symbolic links Linux follows in one path.
const maxLinks = 40

// resolved returns the absolute path of a file that may not exist. It follows symbolic links as the system does when it
// creates the file: also one whose target does not exist.
func resolved(file string) string {
	path, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	for range maxLinks {
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return path
		}
		path = filepath.Join(folder, filepath.Base(path))
		target, err := os.Readlink(path)
		if err != nil { // not a link
			return path
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(folder, target)
		}
		path = target
	}
	return path
}

// answer writes the result of a command in the formats of the command line, files first. It writes the others even
// if one fails.
func answer[Answer any](p *program, c *cli.Context, formats report.Formats[Answer], value Answer) error {
	list, err := destinations(c.StringSlice(formatFlag), formats.Names())
	if err != nil {
		return err
	}
	failed := false
	for i, to := range list {
		if to.file == "" {
			continue
		}
		if err := replaceFile(to.file, func(w io.Writer) error {
			return formats.Write(w, to.format, value, optionsOf(list, i))
		}); err != nil {
			p.complain(writeFailure(to.file, err))
			failed = true
		}
	}
	for i, to := range list {
		if to.file == "" {
			if err := writeAs(p, c, formats, to.format, value, optionsOf(list, i)); err != nil {
				return err
			}
		}
	}
	if failed {
		return errIncomplete
	}
	return nil
}

// writeFailure returns the message for a file, or an additional output of a format, that could not be written.
func writeFailure(file string, err error) string {
	var summary *report.SummaryError
	if errors.As(err, &summary) {
		return writing(err).Error()
	}
	return fmt.Sprintf("write to %s: %s", filepath.ToSlash(file), unwritable(err))
}

// optionsOf returns the options of one of the destinations. The summary of the job is written once: with the output of
// its format on standard output, or else with the first one. The environment never selects a format, only the file of
// the summary of a selected format.
func optionsOf(list []destination, i int) report.Options {
	summary := -1
	for j, other := range list {
		if other.format == list[i].format && (summary < 0 || other.file == "") {
			summary = j
		}
	}
	if i != summary {
		return report.Options{}
	}
	return report.Options{StepSummary: os.Getenv("GITHUB_STEP_SUMMARY"), AgentTemp: os.Getenv("AGENT_TEMPDIRECTORY")}
}

// unwritable returns the reason for a write error without the path.
func unwritable(err error) string {
	var renaming *os.LinkError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such folder"
	case errors.As(err, &renaming):
		return renaming.Err.Error()
	}
	return reason(err)
}

// writeAs writes the result of a command to standard output in the format of this name.
func writeAs[Answer any](p *program, c *cli.Context, formats report.Formats[Answer], name string, value Answer, options report.Options) error {
	options.Color, options.Width = colors(c.String(colorFlag), p.stdout), width(p.stdout)
	return writing(formats.Write(p.stdout, name, value, options))
}

// replaceFile writes a temporary file next to the file and renames it, so that readers never see a partial file and a
// failed write does not change the file. It writes directly to files that are not regular, such as pipes. It escapes
// commands of CI hosts as on standard output, because jobs also print files to their logs.
func replaceFile(name string, write func(io.Writer) error) error {
	path := resolved(name)
	info, err := os.Stat(path)
	safely := func(file io.Writer) error {
		safe := report.NewHostWriter(file)
		if err := write(safe); err != nil {
			return err
		}
		return safe.Flush()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeAndRename(path, nil, safely)
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return writeAndRename(path, info, safely)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return writeAndClose(file, safely)
}

// writeAndRename keeps the permissions of the replaced file, nil if there is none.
func writeAndRename(path string, replaced fs.FileInfo, write func(io.Writer) error) error {
	beside := path + "." + rand.Text()[:8] + ".tmp"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if replaced != nil {
		err = file.Chmod(replaced.Mode().Perm())
	}
	if written := writeAndClose(file, write); err == nil {
		err = written
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

func writeAndClose(file *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(file)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
