// Renders a Helm chart as `helm template` does, with the libraries that Helm is made of: Go's templates, sprig, and the JSON schema of the values.
// Built against Debian's packages, so without modules. Prints a JSON object: the documents by template, with notes apart; a refusal goes to standard error, exit code 1.
//
//	render [-upgrade] [-values file]... chart release namespace
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/gobwas/glob"
	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

type values = map[string]interface{}

// files is what a template sees as .Files: all of the chart but its templates.
type files map[string][]byte

func (f files) Get(name string) string { return string(f[name]) }

func (f files) Glob(pattern string) (files, error) {
	g, err := glob.Compile(pattern, '/')
	if err != nil {
		return nil, err
	}
	found := files{}
	for name, content := range f {
		if g.Match(name) {
			found[name] = content
		}
	}
	return found, nil
}

func (f files) AsConfig() string {
	m := map[string]string{}
	for name, content := range f {
		m[filepath.Base(name)] = string(content)
	}
	return toYAML(m)
}

func (f files) AsSecrets() string {
	m := map[string]string{}
	for name, content := range f {
		m[filepath.Base(name)] = base64.StdEncoding.EncodeToString(content)
	}
	return toYAML(m)
}

func (f files) Lines(name string) []string { return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n") }

// apiVersions is .Capabilities.APIVersions: everything the chart may ask for is there.
type apiVersions struct{}

func (apiVersions) Has(string) bool { return true }

func toYAML(v interface{}) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toJSON(v interface{}) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func fromYAML(text string) values {
	m := values{}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func fromYAMLArray(text string) []interface{} {
	a := []interface{}{}
	if err := yaml.Unmarshal([]byte(text), &a); err != nil {
		a = []interface{}{err.Error()}
	}
	return a
}

// merged lays values over those of the chart; null takes a key away.
func merged(under, over values) values {
	all := values{}
	for key, value := range under {
		all[key] = value
	}
	for key, value := range over {
		if value == nil {
			delete(all, key)
			continue
		}
		low, isMap := all[key].(values)
		if high, both := value.(values); both && isMap {
			all[key] = merged(low, high)
		} else {
			all[key] = value
		}
	}
	return all
}

func read(path string) (values, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := values{}
	return m, yaml.UnmarshalStrict(data, &m)
}

func checkSchema(chart string, v values) error {
	schema, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		return err
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewStringLoader(toJSON(v)))
	if err != nil {
		return err
	}
	var faults []string
	for _, fault := range result.Errors() {
		faults = append(faults, fault.String())
	}
	if len(faults) > 0 {
		sort.Strings(faults)
		return errors.New("values don't meet the specifications of the schema:\n" + strings.Join(faults, "\n"))
	}
	return nil
}

func functions(all *template.Template, included map[string]int) template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	f["toYaml"] = toYAML
	f["toJson"] = toJSON
	f["fromYaml"] = fromYAML
	f["fromYamlArray"] = fromYAMLArray
	f["fromJson"] = func(text string) values {
		m := values{}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			m["Error"] = err.Error()
		}
		return m
	}
	f["include"] = func(name string, data interface{}) (string, error) {
		if included[name]++; included[name] > 1000 {
			return "", fmt.Errorf("%s includes itself without end", name)
		}
		defer func() { included[name]-- }()
		var text bytes.Buffer
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	f["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := all.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := copied.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		var out bytes.Buffer
		err = parsed.Execute(&out, data)
		return out.String(), err
	}
	f["required"] = func(message string, value interface{}) (interface{}, error) {
		if text, isText := value.(string); value == nil || isText && text == "" {
			return value, errors.New(message)
		}
		if list, isList := value.([]interface{}); isList && len(list) == 0 {
			return value, nil // as Helm has it: an empty list is a value
		}
		return value, nil
	}
	f["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	// Nothing can be looked up without a cluster: as in `helm template` and in GitOps tools.
	f["lookup"] = func(string, string, string, string) (values, error) { return values{}, nil }
	return f
}

type document struct {
	Template string      `json:"template"`
	Object   interface{} `json:"object"`
}

var between = regexp.MustCompile(`(?m)^---\s*$`)

func run() error {
	var given []string
	upgrade := flag.Bool("upgrade", false, "as of helm upgrade")
	flag.Func("values", "a file of values; may be given again", func(path string) error { given = append(given, path); return nil })
	flag.Parse()
	if flag.NArg() != 3 {
		return errors.New("render [-upgrade] [-values file]... chart release namespace")
	}
	chart, release, namespace := flag.Arg(0), flag.Arg(1), flag.Arg(2)

	meta, err := read(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return err
	}
	all, err := read(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return err
	}
	for _, path := range given {
		more, err := read(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = merged(all, more)
	}
	if err := checkSchema(chart, all); err != nil {
		return err
	}
	described := values{}
	for key, value := range meta {
		described[strings.ToUpper(key[:1])+key[1:]] = value
	}

	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root, map[string]int{}))
	others, names := files{}, []string{}
	err = filepath.Walk(chart, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(chart, path)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(name, "templates/") {
			others[name] = content
			return nil
		}
		names = append(names, name)
		_, err = root.New(name).Parse(string(content))
		return err
	})
	if err != nil {
		return err
	}
	sort.Strings(names)

	data := values{
		"Values": all, "Chart": described, "Files": others,
		"Release":      values{"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": !*upgrade, "IsUpgrade": *upgrade, "Revision": 1},
		"Capabilities": values{"APIVersions": apiVersions{}, "KubeVersion": values{"Version": "v1.32.0", "Major": "1", "Minor": "32"}},
	}
	documents, notes := []document{}, ""
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), "_") {
			continue
		}
		data["Template"] = values{"Name": described["Name"].(string) + "/" + name, "BasePath": described["Name"].(string) + "/templates"}
		var text bytes.Buffer
		if err := root.ExecuteTemplate(&text, name, data); err != nil {
			return err
		}
		rendered := strings.ReplaceAll(text.String(), "<no value>", "")
		if strings.HasSuffix(name, "NOTES.txt") {
			notes = rendered
			continue
		}
		for _, part := range between.Split(rendered, -1) {
			var object interface{}
			if err := yaml.UnmarshalStrict([]byte(part), &object); err != nil {
				return fmt.Errorf("%s is no YAML: %w\n%s", name, err, part)
			}
			if object != nil {
				documents = append(documents, document{name, object})
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(values{"documents": documents, "notes": notes})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
