using System.Globalization;
using Gsasr.Testing;
using k8s;
using k8s.Models;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>The examples of docs/examples do what they say.</summary>
public sealed class ExampleTests : IDisposable
{
    private static readonly string[] s_names = [.. Enumerable.Range(0, 10).Select(i => $"sub{i % 2}/{i}.png")];

    private readonly FileTree _tree = new();

    public ExampleTests() => _tree.Add([.. s_names.Select(name => "data/photos/" + name)]);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task The_tasks_of_the_Slurm_array_write_all_files()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There is no bash on Windows.");
        string script = Example("slurm.sbatch");
        string array = File.ReadLines(script).Single(line => line.StartsWith("#SBATCH --array=", StringComparison.Ordinal)).Split('=')[1];
        Assert.StartsWith("0-", array, StringComparison.Ordinal);
        int last = int.Parse(array[2..], CultureInfo.InvariantCulture);
        for (int i = 0; i <= last; i++)
        {
            // What Slurm sets; the script finds the program as any other.
            string variables = string.Create(
                CultureInfo.InvariantCulture,
                $"SLURM_ARRAY_TASK_ID={i} SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX={last} SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT={last + 1}");
            Outcome outcome = await ProgramRun.ShellAsync(
                _tree.Path, $"export PATH=\"$(dirname \"$0\"):$PATH\" {variables}; bash '{script}' data/photos data/photos_x4");
            Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        }

        AssertWritten();
    }

    [Fact]
    public async Task The_pods_of_the_Kubernetes_job_write_all_files()
    {
        V1Job job = ReadJob(File.ReadAllText(Example("kubernetes-job.yaml")));
        Assert.Equal(("batch/v1", "Job", "Indexed"), (job.ApiVersion, job.Kind, job.Spec.CompletionMode));
        V1PodSpec pod = job.Spec.Template.Spec;
        Assert.Contains(pod.RestartPolicy, (string[])["OnFailure", "Never"]);
        V1Container container = Assert.Single(pod.Containers);
        Assert.Equal(job.Spec.Completions.ToString(), container.Env.Single(variable => variable.Name == "GSASR_SHARD_COUNT").Value);
        Assert.Equal(container.VolumeMounts.Select(mount => mount.Name), pod.Volumes.Select(volume => volume.Name));
        string mount = Assert.Single(container.VolumeMounts).MountPath;
        Assert.Equal("/data", mount);
        Assert.Equal("gsasr", container.Command[0]);
        string[] arguments = [.. container.Command.Skip(1).Select(argument => argument.StartsWith(mount, StringComparison.Ordinal) ? _tree.File(argument[1..]) : argument)];
        for (int i = 0; i < job.Spec.Completions; i++)
        {
            Dictionary<string, string> environment = container.Env.ToDictionary(variable => variable.Name, variable => variable.Value);
            environment["JOB_COMPLETION_INDEX"] = i.ToString(CultureInfo.InvariantCulture);
            Outcome outcome = await ProgramRun.RunAsync(_tree.Path, environment, arguments);
            Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        }

        AssertWritten();
    }

    [Theory]
    [InlineData("completionMode:", "completionmode:")]
    [InlineData("mountPath:", "mountpath:")]
    [InlineData("spec:", "specification:")]
    [InlineData("completions: 8", "completions: eight")]
    [InlineData("command:", "command: gsasr\n          args:")]
    [InlineData("limits:", "limits: 1\n            requests:")]
    [InlineData("parallelism: 8", "parallelism: 8\n  parallelism: 4")]
    [InlineData("- name: gsasr", "- tty: false")]
    [InlineData("- name: GSASR_SHARD_COUNT", "- valueFrom: {}")]
    [InlineData("- name: data\n              mountPath", "- mountPath")]
    [InlineData("- name: data\n          persistentVolumeClaim", "- persistentVolumeClaim")]
    [InlineData("claimName: photos", "readOnly: false")]
    [InlineData("value: \"8\"", "value: 8")]
    public void A_mistake_in_the_Kubernetes_job_would_be_found(string correct, string mistake)
    {
        string text = File.ReadAllText(Example("kubernetes-job.yaml")).ReplaceLineEndings("\n");
        Assert.Contains(correct, text, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => ReadJob(text.Replace(correct, mistake, StringComparison.Ordinal)));
    }

    // The client's types are made of the schema of the API: they refuse fields and types that it does not have. What the schema requires of what
    // the example has, and that values of variables are quoted if they are numbers, the types do not know.
    private static V1Job ReadJob(string text)
    {
        V1Job job = KubernetesYaml.Deserialize<V1Job>(text, strict: true);
        V1PodSpec pod = job.Spec.Template.Spec;
        string?[] required =
        [
            .. pod.Containers.Select(container => container.Name),
            .. pod.Containers.SelectMany(container => container.Env).Select(variable => variable.Name),
            .. pod.Containers.SelectMany(container => container.VolumeMounts).SelectMany(mount => (string?[])[mount.Name, mount.MountPath]),
            .. pod.Volumes.SelectMany(volume => (string?[])[volume.Name, volume.PersistentVolumeClaim.ClaimName]),
        ];
        Assert.DoesNotContain(required, string.IsNullOrEmpty);
        Assert.DoesNotMatch("(?m)^ *value: *[0-9]", text);
        return job;
    }

    private static string Example(string name) => Path.Combine(TestData.RepositoryRoot, "docs", "examples", name);

    private void AssertWritten()
    {
        Assert.Equal(s_names.Order(StringComparer.Ordinal), _tree.Files("data/photos_x4"));
        (int width, int height) = _tree.SizeOf("data/photos/" + s_names[3]);
        Assert.Equal((4 * width, 4 * height), _tree.SizeOf("data/photos_x4/" + s_names[3]));
    }
}
