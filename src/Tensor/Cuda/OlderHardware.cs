namespace Gsasr.Tensors.Cuda;

/// <summary>
/// An NVIDIA GPU as older hardware would be, for tests and benchmarks: it runs the kernels and the texts of that hardware, in groups with as much shared memory as
/// it gives. Its speed and the shared memory of a multiprocessor stay what they are.
/// </summary>
internal static class OlderHardware
{
    /// <summary>Makes an older GPU of one that was found.</summary>
    /// <param name="candidate">The GPU.</param>
    /// <param name="hardware">The hardware that it is to be: sm_75, sm_80 or sm_86.</param>
    /// <exception cref="ArgumentException">The hardware is none of these, or later than the GPU.</exception>
    public static CudaCandidate Of(CudaCandidate candidate, NvidiaTarget hardware)
    {
        // What a group can have at most, by the table of compute capabilities in NVIDIA's CUDA C++ Programming Guide.
        int sharedKibibytes = hardware.ToString() switch
        {
            "sm_75" => 64,
            "sm_80" => 163,
            "sm_86" => 99,
            _ => throw new ArgumentException($"A GPU can be used as sm_75, sm_80 or sm_86, not as {hardware}.", nameof(hardware)),
        };
        if (!hardware.RunsOn(candidate.Major, candidate.Minor))
            throw new ArgumentException($"{candidate.Description.Name} is older than {hardware}.", nameof(hardware));
        return candidate with
        {
            Major = hardware.Major,
            Minor = hardware.Minor,
            LocalMemoryBytes = Math.Min(candidate.LocalMemoryBytes, sharedKibibytes << 10),
            Description = candidate.Description with { Name = $"{candidate.Description.Name} as {hardware}", ComputeCapability = hardware },
        };
    }
}
