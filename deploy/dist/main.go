// Dist writes the files of a release of the commit at HEAD: for each platform an archive, a Python wheel and an SBOM with
// the static binary, an image and the chart as OCI layouts, and the SHA-256 of each. Two runs on one commit write the same bytes.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// release is what the artifacts are made from.
type release struct {
	// source is a clone of the commit. Nothing that is not committed gets into a release.
	source string
	// work is a folder for intermediate files.
	work string
	out  string
	// version begins with v, as Go writes it: a tag, or a pseudo-version of a commit without a tag.
	version  string
	revision string
	// time is the time of every file in every artifact.
	time     time.Time
	programs []program
}

// name returns the name of an artifact: mlpolicy_VERSION_suffix.
func (r *release) name(suffix string) string {
	return "mlpolicy_" + strings.TrimPrefix(r.version, "v") + "_" + suffix
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("dist", flag.ExitOnError)
	repository := flags.String("repository", "../..", "the `folder` of the repository")
	out := flags.String("out", "../../dist", "the `folder` to write, which must not exist")
	chosen := flags.String("platforms", strings.Join(platformNames(), ","), "comma-separated `list` of platforms")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	selected, err := selectPlatforms(*chosen)
	if err != nil {
		return err
	}
	if err := os.Mkdir(*out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "mlpolicy-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	r := &release{source: filepath.Join(work, "source"), work: work, out: *out}
	if err := r.checkOut(ctx, *repository); err != nil {
		return err
	}
	for i, p := range selected {
		if err := r.build(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		// The first binary has the version; the others take minutes.
		if i == 0 {
			if err := r.checkFiles(); err != nil {
				return err
			}
		}
	}
	for _, p := range r.programs {
		if err := r.packageFor(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.platform, err)
		}
	}
	if err := r.writeImage(ctx); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if err := r.writeChart(ctx); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return r.writeChecksums()
}

// checkOut clones the commit at HEAD of the repository, with its tags, from which Go derives the version.
func (r *release) checkOut(ctx context.Context, repository string) error {
	repository, err := filepath.Abs(repository)
	if err != nil {
		return err
	}
	status, err := output(ctx, repository, nil, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if len(status) > 0 {
		fmt.Fprintln(os.Stderr, "dist: changes that are not committed are left out")
	}
	if _, err := output(ctx, r.work, nil, "git", "clone", "--quiet", "--no-hardlinks", repository, r.source); err != nil {
		return err
	}
	revision, err := output(ctx, r.source, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	r.revision = string(bytes.TrimSpace(revision))
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		committed, err := output(ctx, r.source, nil, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return err
		}
		epoch = string(bytes.TrimSpace(committed))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
	}
	r.time = time.Unix(seconds, 0).UTC()
	return nil
}

// packageFor writes the artifacts of one platform.
func (r *release) packageFor(ctx context.Context, p program) error {
	licenses, err := r.licenses(ctx, p)
	if err != nil {
		return err
	}
	sbom, err := r.sbom(ctx, p)
	if err != nil {
		return err
	}
	if err := r.writeArchive(p, licenses); err != nil {
		return err
	}
	return r.writeWheel(p, licenses, sbom)
}

// output runs a program in a folder and returns its standard output. env is added to the environment.
func output(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return stdout, nil
}

// platformNames returns the names of all platforms of a release.
func platformNames() []string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.String()
	}
	return names
}

func selectPlatforms(list string) ([]platform, error) {
	var selected []platform
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown platform %q (one of %s)", name, strings.Join(platformNames(), ", "))
		}
		selected = append(selected, platforms[i])
	}
	return selected, nil
}
