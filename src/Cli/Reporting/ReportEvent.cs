using System.Text.Json.Serialization;

namespace Gsasr.Cli.Reporting;

/// <summary>
/// Something that the work has to say. As JSON these are the events of docs/json-events.md. Other programs read the names of the
/// properties, so properties are only ever added.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(RunStarted), "run_started")]
[JsonDerivedType(typeof(StageStarted), "stage")]
[JsonDerivedType(typeof(DeviceOpened), "device")]
[JsonDerivedType(typeof(FileStarted), "file_started")]
[JsonDerivedType(typeof(ProgressMade), "progress")]
[JsonDerivedType(typeof(NoteMade), "note")]
[JsonDerivedType(typeof(TimingsMeasured), "timings")]
[JsonDerivedType(typeof(FileFinished), "file_finished")]
[JsonDerivedType(typeof(FileSkipped), "file_skipped")]
[JsonDerivedType(typeof(FileFailed), "file_failed")]
[JsonDerivedType(typeof(RunFailed), "failed")]
[JsonDerivedType(typeof(RunFinished), "run_finished")]
internal abstract record ReportEvent;

/// <summary>The work begins.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="Files">How many files there are; 0 if the run is refused before that is known.</param>
internal sealed record RunStarted(string Version, int Files) : ReportEvent;

/// <summary>A stage of a file or of the whole run begins, and the one before ends.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="File">The file's number, from 1; null for the whole run.</param>
/// <param name="Input">The file; null for the whole run.</param>
/// <param name="Detail">The model or the device that the stage is about, if there is one.</param>
internal sealed record StageStarted(WorkStage Stage, int? File = null, string? Input = null, string? Detail = null) : ReportEvent;

/// <summary>A device is open and has the model.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Kind">cpu, opencl or cuda.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Source">Where the model comes from.</param>
/// <param name="Precision">float32 or mixed.</param>
/// <param name="OpeningMilliseconds">How long it took to open the device.</param>
/// <param name="LoadingMilliseconds">How long it took to load the weights, most of it while the device was opened.</param>
/// <param name="PrecisionReason">Why precision auto became float32 although mixed precision could be asked for; else null.</param>
internal sealed record DeviceOpened(
    string Device,
    string Kind,
    string Model,
    string Source,
    string Precision,
    double OpeningMilliseconds,
    double LoadingMilliseconds,
    string? PrecisionReason = null) : ReportEvent;

/// <summary>Work on a file begins.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that is read.</param>
/// <param name="Output">The file to be written.</param>
internal sealed record FileStarted(int File, string Input, string Output) : ReportEvent;

/// <summary>How much of a file's computing is done.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that is read.</param>
/// <param name="Fraction">0 to 1, in hundredths.</param>
/// <param name="Tile">The tile that is worked on, from 1; null where there is only one.</param>
/// <param name="Tiles">How many tiles there are; null where there is only one.</param>
internal sealed record ProgressMade(int File, string Input, double Fraction, int? Tile = null, int? Tiles = null) : ReportEvent;

/// <summary>Something that a person should know, and that does not stop the work.</summary>
/// <param name="Text">A sentence.</param>
/// <param name="File">The file's number, from 1; null if it is about the whole run.</param>
/// <param name="Input">The file; null if it is about the whole run.</param>
internal sealed record NoteMade(string Text, int? File = null, string? Input = null) : ReportEvent;

/// <summary>How long the parts of a file's computing took; only measured with --verbose.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that is read.</param>
/// <param name="TileWidth">Columns of the input that the network takes at once.</param>
/// <param name="TileHeight">Rows of the input that the network takes at once.</param>
/// <param name="Strips">Parts of the input that were worked on one after the other.</param>
/// <param name="PlannedBytes">The device memory that was planned for.</param>
/// <param name="Parts">The parts, in their order.</param>
/// <param name="Milliseconds">The time of all parts and of what is between them.</param>
/// <param name="Kernels">How many kernels were compiled or loaded for it; null if none were.</param>
/// <param name="KernelMilliseconds">How long that took, which is part of the time of all; null if there were none.</param>
internal sealed record TimingsMeasured(
    int File, string Input, int TileWidth, int TileHeight, int Strips, long PlannedBytes, IReadOnlyList<PartTime> Parts, double Milliseconds,
    int? Kernels = null, double? KernelMilliseconds = null) : ReportEvent;

/// <summary>How long a part of the computing took.</summary>
/// <param name="Name">The part.</param>
/// <param name="Milliseconds">Its time.</param>
internal sealed record PartTime(string Name, double Milliseconds);

/// <summary>A file was written.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that was read.</param>
/// <param name="Output">The file that was written.</param>
/// <param name="InputWidth">Columns that were read.</param>
/// <param name="InputHeight">Rows that were read.</param>
/// <param name="OutputWidth">Columns that were written.</param>
/// <param name="OutputHeight">Rows that were written.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Device">The device's name.</param>
/// <param name="Precision">float32 or mixed.</param>
/// <param name="Seconds">How long it took, from reading to writing.</param>
internal sealed record FileFinished(
    int File, string Input, string Output, int InputWidth, int InputHeight, int OutputWidth, int OutputHeight, string Model, string Device,
    string Precision, double Seconds) : ReportEvent;

/// <summary>A file was left alone.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that was not read.</param>
/// <param name="Output">The file that was not written.</param>
/// <param name="Reason">Why, in a sentence.</param>
internal sealed record FileSkipped(int File, string Input, string Output, string Reason) : ReportEvent;

/// <summary>A file could not be read, computed or written; the others go on.</summary>
/// <param name="File">Its number, from 1.</param>
/// <param name="Input">The file that is read.</param>
/// <param name="Output">The file that was not written.</param>
/// <param name="Reason">Why, in a sentence.</param>
internal sealed record FileFailed(int File, string Input, string Output, string Reason) : ReportEvent;

/// <summary>The run was stopped, or ends early for a reason that does not belong to one file.</summary>
/// <param name="Reason">Why, in a sentence.</param>
internal sealed record RunFailed(string Reason) : ReportEvent;

/// <summary>The work is over; always the last event of a run that has begun.</summary>
/// <param name="Written">Files that were written.</param>
/// <param name="Skipped">Files that were left alone.</param>
/// <param name="Failed">Files that could not be done.</param>
/// <param name="Seconds">How long the run took.</param>
/// <param name="ExitCode">The exit code of the program.</param>
internal sealed record RunFinished(int Written, int Skipped, int Failed, double Seconds, int ExitCode) : ReportEvent;
