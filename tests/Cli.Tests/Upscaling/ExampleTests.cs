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
        // The client's types are made of the schema of the API; anything that it does not know is an error.
        V1Job job = KubernetesYaml.Deserialize<V1Job>(File.ReadAllText(Example("kubernetes-job.yaml")), strict: true);
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

    private static string Example(string name) => Path.Combine(TestData.RepositoryRoot, "docs", "examples", name);

    private void AssertWritten()
    {
        Assert.Equal(s_names.Order(StringComparer.Ordinal), _tree.Files("data/photos_x4"));
        (int width, int height) = _tree.SizeOf("data/photos/" + s_names[3]);
        Assert.Equal((4 * width, 4 * height), _tree.SizeOf("data/photos_x4/" + s_names[3]));
    }
}
