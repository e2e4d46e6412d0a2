// Generates the SDKs of a Pulumi schema: sdk SCHEMA DIRECTORY.
//
// `pulumi package gen-sdk` would ask a language host for each language; this needs none of them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	java "github.com/pulumi/pulumi-java/pkg/codegen/java"
	dotnet "github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	nodejs "github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	python "github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi"

type generator func(pkg *schema.Package) (map[string][]byte, error)

var generators = map[string]generator{
	"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
		files, err := nodejs.GeneratePackage(tool, pkg, nil, nil, true, nil)
		for path, content := range files {
			// Built with Go 1.26 or later this release of the generator takes the directory of a module for the root of the package.
			if filepath.Dir(path) != "." {
				content = bytes.ReplaceAll(content, []byte(`"./types/`), []byte(`"../types/`))
				files[path] = bytes.ReplaceAll(content, []byte(`"./utilities"`), []byte(`"../utilities"`))
			}
		}
		return files, err
	},
	"python": func(pkg *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(tool, pkg, nil, nil)
	},
	"go": func(pkg *schema.Package) (map[string][]byte, error) {
		return golang.GeneratePackage(tool, pkg, nil)
	},
	"dotnet": func(pkg *schema.Package) (map[string][]byte, error) {
		// It asks for a picture, by default from another network.
		picture := httptest.NewServer(http.NotFoundHandler())
		defer picture.Close()
		pkg.LogoURL = picture.URL
		return dotnet.GeneratePackage(tool, pkg, nil, nil)
	},
	"java": func(pkg *schema.Package) (map[string][]byte, error) {
		return java.GeneratePackage(tool, pkg, nil, nil, true, false)
	},
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: sdk SCHEMA DIRECTORY"))
	}
	text, err := os.ReadFile(os.Args[1])
	fail(err)
	for language, generate := range generators {
		// A generator changes the package that it is given.
		var spec schema.PackageSpec
		fail(json.Unmarshal(text, &spec))
		pkg, err := schema.ImportSpec(spec, nil, schema.ValidationOptions{})
		fail(err)
		files, err := generate(pkg)
		fail(err)
		for path, content := range files {
			file := filepath.Join(os.Args[2], language, path)
			fail(os.MkdirAll(filepath.Dir(file), 0o755))
			fail(os.WriteFile(file, content, 0o644))
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
