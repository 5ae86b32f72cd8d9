namespace Gsasr.Tensors;

/// <summary>The devices that a name stands for. The first that can be opened is taken.</summary>
internal sealed class DeviceSelection
{
    private readonly IEnumerable<DeviceCandidate> _candidates;
    private readonly bool _isAuto;

    /// <summary>Devices to choose from.</summary>
    /// <param name="candidates">At least one, the best first; each is looked for when those before it could not be opened. The last one is the processor if the name is "auto".</param>
    /// <param name="isAuto">Whether the name is "auto", so that what is chosen has to be explained.</param>
    public DeviceSelection(IEnumerable<DeviceCandidate> candidates, bool isAuto)
    {
        _candidates = candidates;
        _isAuto = isAuto;
    }

    /// <summary>For "auto", what the user should know about the choice, in one sentence, when a device was opened; otherwise null.</summary>
    public string? Note { get; private set; }

    /// <summary>Whether devices were passed over because they could not be opened.</summary>
    public bool HasFailures { get; private set; }

    /// <summary>Opens a device.</summary>
    /// <exception cref="DeviceException">None can be opened; of several, it says why of the last.</exception>
    public Device Open() => OpenAsync(
        device =>
        {
            device.FinishOpening();
            return Task.FromResult(device);
        },
        CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Opens a device, and meanwhile loads something onto it.</summary>
    /// <typeparam name="T">What is loaded.</typeparam>
    /// <param name="load">Loads it, and finishes the opening. It is called again with the next device if one cannot be opened. If it fails, the device is disposed of.</param>
    /// <param name="cancellation">After it no other device is tried.</param>
    /// <exception cref="DeviceException">None can be opened, or the loading failed.</exception>
    public async Task<T> OpenAsync<T>(Func<Device, Task<T>> load, CancellationToken cancellation)
    {
        // A driver that is not installed is not worth mentioning; one that does not work is.
        var problems = new List<string>();
        var absences = new List<string>();
        DeviceException? failure = null;
        foreach (DeviceCandidate candidate in _candidates)
        {
            problems.AddRange(candidate.Refusals.Where(refusal => refusal.Cause != RefusalCause.Absent).Select(refusal => refusal.ToString()));
            absences.AddRange(candidate.Refusals.Where(refusal => refusal.Cause == RefusalCause.Absent).Select(refusal => refusal.Reason));
            Device? device = null;
            try
            {
                device = candidate.BeginOpening();
                T loaded = await load(device).ConfigureAwait(false);
                Note = _isAuto ? Explain(candidate.Description, problems, absences) : null;
                return loaded;
            }
            catch (DeviceException e) when (device?.Opening.IsFaulted != false && !cancellation.IsCancellationRequested)
            {
                device?.Dispose();
                failure = e;
                HasFailures = true;
                problems.Add($"{candidate.Description.Id}: {e.Message.TrimEnd('.')}");
            }
            catch
            {
                device?.Dispose();
                throw;
            }
        }

        throw failure!;
    }

    private static string? Explain(DeviceDescription taken, List<string> problems, List<string> absences)
    {
        if (taken.Kind != DeviceKind.Cpu)
            return problems.Count == 0 ? null : $"Running on {taken.Id} ({taken.Name}); {string.Join("; ", problems)}.";
        string reasons = string.Join("; ", problems.Concat(absences).DefaultIfEmpty("none of the devices found is one"));
        return $"Running on the processor, as no usable GPU was found: {reasons}.";
    }
}
